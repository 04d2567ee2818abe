import type { Agent } from "node:http";

/** When a call ends that the engine does not answer, because it is paused or its machine is gone. */
export interface Attention {
  /** Fires when the answer is not wanted any more. */
  signal?: AbortSignal | undefined;
  /** The longest time without a byte in either direction; undefined where the engine has reason to be silent. */
  silenceMs?: number | undefined;
}

/** The time limit for the answer to a short call, and between two bytes of a long one. */
export const SILENCE_MS = 60_000;

/**
 * Opens the connections of an engine's client, and ends them: by the limit for silence, or by the signal. New ones may be
 * opened after the signal, to clean up.
 *
 * @param Kind node:http's, or node:https's.
 * @param host for the message.
 */
export function attentive(Kind: typeof Agent, host: string, { signal, silenceMs }: Attention, options: object = {}) {
  const open = new Set<{ destroy(error: unknown): void }>();
  signal?.addEventListener("abort", () => open.forEach((socket) => void socket.destroy(signal.reason)), { once: true });
  class Attentive extends Kind {
    override createConnection(...args: Parameters<Agent["createConnection"]>) {
      const socket = super.createConnection(...args);
      if (!socket) return socket;
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      socket.on("timeout", () => {
        const silence = `nothing from it for ${(silenceMs ?? 0) / 1000} s`;
        socket.destroy(
          new Error(`The Docker engine at ${host} does not answer: ${silence}. Is it paused, or overloaded?`),
        );
      });
      return socket;
    }
  }
  return new Attentive({ ...options, keepAlive: true, ...(silenceMs === undefined ? {} : { timeout: silenceMs }) });
}
