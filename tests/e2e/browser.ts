import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { BUILT, builtImage } from "../../components/core/support/built-image.ts";
import { contentHash } from "../../components/core/support/content.ts";
import { api, docker, eventually, ROOT } from "./harness.ts";

const FOLDER = join(ROOT, "tests/e2e/browser");

/** Builds the browser's image where the engine does not have it: Debian's Chromium, from Debian's packages. */
async function image(): Promise<string> {
  const built = builtImage("base").ref;
  const base = (await api.hasImage(built)) ? built : "debian:trixie-slim";
  const ref = `${BUILT}e2e-browser:${contentHash(FOLDER, [base])}`;
  if (await api.hasImage(ref)) return ref;
  const { code, output } = await docker(["build", "--build-arg", `BASE=${base}`, "--tag", ref, FOLDER]);
  if (code !== 0) throw new Error(output);
  return ref;
}

interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/**
 * A real browser without a window. It is on the network of this machine, so it opens what is published on 127.0.0.1, as the browser
 * of somebody who sits here does. It is driven by the DevTools protocol.
 */
export class Browser {
  readonly #container: string;
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, (answer: Message) => void>();
  readonly #heard: ((message: Message) => void)[] = [];
  #last = 0;

  static async open(): Promise<Browser> {
    const container = `stackyard-e2e-browser-${randomBytes(4).toString("hex")}`;
    const safe = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    const limits = ["--memory", "512m", "--pids-limit", "256", "--init"];
    const args = ["run", "--rm", "--name", container, "--network", "host", ...safe, ...limits, await image()];
    const process = spawn("docker", args, { stdio: ["ignore", "ignore", "pipe"] });
    const at = await new Promise<string>((resolve, reject) => {
      let said = "";
      process.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const [, found] = /^DevTools listening on (\S+)$/m.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      process.once("error", reject).once("close", () => reject(new Error(`the browser has ended:\n${said}`)));
    });
    const socket = new WebSocket(at);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", () => reject(new Error(`${at}: no connection`)), { once: true });
    });
    return new Browser(container, process, socket);
  }

  private constructor(container: string, process: ChildProcess, socket: WebSocket) {
    this.#container = container;
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id !== undefined) this.#asked.get(message.id)?.(message);
      else for (const hear of this.#heard) hear(message);
    });
    socket.addEventListener("close", () => {
      for (const end of this.#asked.values()) end({ error: { message: "the browser has ended" } });
    });
  }

  /** Opens a page in a tab of its own. */
  async page(url: string): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, sessionId as string));
    this.#heard.push((message) => message.sessionId === sessionId && page.hear(message));
    await page.open(url);
    return page;
  }

  async send(method: string, params: Record<string, unknown> = {}, sessionId?: string) {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#asked.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    const { result = {}, error } = await promise;
    this.#asked.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Ends it, and waits until its container is gone. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("close", resolve));
    this.#socket.close();
    await docker(["rm", "--force", this.#container]);
    await ended;
  }
}

/** A page that is open in a browser. */
export class Page {
  readonly #send: (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>;
  /** Errors of its scripts, and answers that it could not use, in the order in which they came. */
  readonly errors: string[] = [];

  constructor(send: (method: string, params?: Record<string, unknown>) => Promise<Record<string, unknown>>) {
    this.#send = send;
  }

  /** Takes what the browser tells of it. */
  hear({ method, params = {} }: Message): void {
    const { exceptionDetails, entry } = params as {
      exceptionDetails?: { text: string; exception?: { description?: string } };
      entry?: { level: string; text: string; url?: string };
    };
    if (method === "Runtime.exceptionThrown")
      this.errors.push(exceptionDetails?.exception?.description ?? exceptionDetails?.text ?? "");
    if (method === "Log.entryAdded" && entry?.level === "error") this.errors.push(`${entry.text} ${entry.url ?? ""}`);
  }

  async open(url: string): Promise<void> {
    await Promise.all(["Page.enable", "Runtime.enable", "Log.enable"].map((each) => this.#send(each)));
    const { errorText } = await this.#send("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
  }

  /** The value of an expression in the page; of a promise, what it resolves to. */
  async value<T>(expression: string): Promise<T> {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = (await this.#send("Runtime.evaluate", asked)) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** What there is to read on it. */
  text = () => this.value<string>("document.body.innerText");

  /** Waits until something can be read on it. @throws Error with what is there instead. */
  shows(text: string | RegExp, seconds = 60): Promise<void> {
    return eventually(async () => {
      const read = await this.text();
      if (typeof text === "string" ? read.includes(text) : text.test(read)) return;
      throw new Error(`the page should show ${text}, and shows:\n${read}\n${this.errors.join("\n")}`);
    }, seconds);
  }

  /** Types into a field, by its CSS selector, and presses Enter. */
  async enter(selector: string, text: string): Promise<void> {
    await this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    await this.#send("Input.insertText", { text });
    const key = { key: "Enter", code: "Enter", text: "\r", windowsVirtualKeyCode: 13 };
    for (const type of ["keyDown", "keyUp"]) await this.#send("Input.dispatchKeyEvent", { type, ...key });
  }

  /** A picture of it as PNG. @param scheme the colours that the visitor prefers. */
  async picture(scheme: "light" | "dark"): Promise<Buffer> {
    await this.#send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const { data } = await this.#send("Page.captureScreenshot");
    return Buffer.from(String(data), "base64");
  }
}
