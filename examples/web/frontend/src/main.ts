import { add, type Health, healthOf, type Item, items } from "./api.ts";

const EVERY_MS = 5_000;

/** What is asked, by its name on the page. */
const CHECKS = {
  "This page": () => healthOf("/", { good: "served", bad: "not served" }),
  "Backend, /api/health": () => healthOf("/api/health", { good: "alive", bad: "not alive" }),
  "Backend, /api/ready": () => healthOf("/api/ready", { good: "ready", bad: "not ready" }),
};

const form = found<HTMLFormElement>("add");
const field = found<HTMLInputElement>("text");
const button = form.querySelector("button") as HTMLButtonElement;

function found<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`There is no element ${id} in the page.`);
  return element as T;
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text: string,
  more: Partial<HTMLElementTagNameMap[Name]> = {},
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), { textContent: text }, more);
}

function say(text: string, className = ""): void {
  Object.assign(found("message"), { textContent: text, className });
}

function showHealth(all: [string, Health][]): void {
  found("health").replaceChildren(
    ...all.map(([name, { well, word }]) => {
      const row = document.createElement("div");
      row.append(element("dt", name), element("dd", word, { className: well ? "good" : "bad" }));
      return row;
    }),
  );
}

function showItems(all: Item[], cached: boolean): void {
  found("items").replaceChildren(...all.map(({ text }) => element("li", text)));
  say(all.length === 0 ? "Nothing here yet." : `${all.length} from ${cached ? "the cache" : "the database"}`);
}

async function askHealth(): Promise<void> {
  const asked = Object.entries(CHECKS).map(async ([name, ask]): Promise<[string, Health]> => [name, await ask()]);
  showHealth(await Promise.all(asked));
}

/** Does something that may fail, and says so on the page. */
async function trying(act: () => Promise<void>): Promise<void> {
  await act().catch((error: Error) => say(error.message, "bad"));
}

async function refresh(): Promise<void> {
  const { items: all, cached } = await items();
  showItems(all, cached);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (text === "") return;
  button.disabled = true;
  void trying(async () => {
    await add(text);
    field.value = "";
    await refresh();
  }).finally(() => {
    button.disabled = false;
    field.focus();
  });
});

void trying(refresh);
void askHealth();
// A page that nobody looks at asks nothing.
setInterval(() => document.hidden || void askHealth(), EVERY_MS);
