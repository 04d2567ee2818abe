import { type Route, routes } from "../../../components/app/proxy/routes.ts";

/** A route as a program says it, with the name of an application or of a front end in the place of the component. */
export type Named = { upstream?: string; files?: string } & Partial<Omit<Route, "upstream" | "files">>;

/** Routes with their defaults. */
export const routesOf = (given: readonly Named[]): Route[] =>
  given.map(({ upstream, files, ...options }) => {
    const to = { upstream: { name: upstream ?? "", members: [], port: 80, startFirst: true } };
    const [{ to: _, check: __, ...route } = {} as never] = routes().parse([{ ...options, to }]);
    return { ...route, ...(upstream === undefined ? {} : { upstream }), ...(files === undefined ? {} : { files }) };
  });
