/** What a client gets while there is nothing to pass on, by the kind that it asks for. */
export interface Page {
  title: string;
  text: string;
}

export const AWAY: Page = {
  title: "Back in a moment",
  text: "This service does not answer right now. Please try again.",
};
export const MAINTENANCE: Page = {
  title: "Maintenance",
  text: "This service is being worked on. Please come back later.",
};

/** Inline, because the container's root is read-only; with the request's id, by which it is found in the log. */
export const pageLocations = ({ title, text }: Page): string => `
    error_page 502 503 504 @away_$away_kind;
    # The code stays that of the error.
    location @away_html {
        default_type text/html;
        charset utf-8;
        add_header Retry-After 5 always;
        add_header Cache-Control no-store always;
        return 200 ${quoted(html(title, text))};
    }
    location @away_json {
        default_type application/json;
        add_header Retry-After 5 always;
        add_header Cache-Control no-store always;
        return 200 ${quoted(json(text))};
    }
`;

/** Scripts get JSON, whether they say so or ask below /api/. */
export const pageMaps = `    map $http_accept $accepted_kind {
        "~text/html" html;
        "~[/+]json" json;
        default html;
    }
    map $request_path $away_kind {
        "~^/api(/|$)" json;
        default $accepted_kind;
    }`;

const html = (title: string, text: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><body style="font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem"><h1>${escaped(title)}</h1><p>${escaped(text)}</p><p><small>$id</small></p></body></html>`;

const json = (text: string) =>
  `{"status":$status,"error":${JSON.stringify(text).replaceAll("$", "\\u0024")},"id":"$id"}`;

const escaped = (text: string) => text.replace(/[&<>"'$]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A text of Nginx, in which its variables are still filled in. */
const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
