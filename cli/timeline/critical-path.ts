import { seconds } from "../shared/seconds.ts";
import type { Step, Timeline } from "../shared/timeline.ts";

/** When a step began and ended, in ms since the run began. */
export interface Span {
  startMs: number;
  endMs: number;
  /** Whether it got that far within the run: a service answered, a job exited. */
  ended: boolean;
}

/** From a container's creation to its first good probe, or from a job's start to its exit; undefined where it was not started. */
export function spanOf(step: Step, tookMs: number): Span | undefined {
  const startMs = step.kind === "job" ? step.startedMs : (step.createdMs ?? step.startedMs);
  if (startMs === undefined) return undefined;
  const endMs = step.kind === "job" ? step.finishedMs : (step.answeredMs ?? step.finishedMs);
  return { startMs, endMs: endMs ?? tookMs, ended: endMs !== undefined };
}

/** How long a step took, in ms: 0 where it was not started. */
export function durationOf(step: Step, tookMs: number): number {
  const span = spanOf(step, tookMs);
  return span ? span.endMs - span.startMs : 0;
}

/**
 * The names along the chain of references that took longest, in the order of the run. No `up` is faster than this chain. Of two
 * chains that took equally long, it is the one whose last step comes first in the run's steps.
 */
export function criticalPath({ steps, tookMs }: Timeline): string[] {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const known = new Map<string, { ms: number; names: string[] }>();
  const longestTo = (step: Step): { ms: number; names: string[] } => {
    const found = known.get(step.name);
    if (found) return found;
    const before = longest(step.waitsFor.flatMap((name) => byName.get(name) ?? []).map(longestTo));
    const ms = durationOf(step, tookMs);
    const chain = { ms: before.ms + ms, names: ms > 0 ? [...before.names, step.name] : before.names };
    known.set(step.name, chain);
    return chain;
  };
  return longest(steps.map(longestTo)).names;
}

const longest = (chains: { ms: number; names: string[] }[]) =>
  chains.reduce((best, chain) => (chain.ms > best.ms ? chain : best), { ms: 0, names: [] });

/** Steps in the order in which they began, and then those that were not started. */
export const inOrder = ({ steps, tookMs }: Timeline): Step[] =>
  steps.toSorted((a, b) => (spanOf(a, tookMs)?.startMs ?? Infinity) - (spanOf(b, tookMs)?.startMs ?? Infinity) || 0);

/** A time in ISO 8601 as `2026-11-21 12:50:03 UTC`. */
export const moment = (iso: string) => `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** The critical path in words: each step with how long it took, and their sum. */
export function criticalWords(timeline: Timeline): { parts: string[]; sum: string } {
  const { steps, tookMs } = timeline;
  const path = criticalPath(timeline).flatMap((name) => steps.find((step) => step.name === name) ?? []);
  return {
    parts: path.map((step) => `${step.name} ${seconds(durationOf(step, tookMs))}`),
    sum: `${seconds(path.reduce((sum, step) => sum + durationOf(step, tookMs), 0))} of ${seconds(tookMs)}`,
  };
}

/** Round times along an axis, which divide it into at most that many parts. */
export function ticksOf(tookMs: number, most: number): number[] {
  const bases = [1, 2, 5].flatMap((base) => [100, 1000, 10_000, 100_000, 1_000_000].map((unit) => base * unit));
  const step = bases.toSorted((a, b) => a - b).find((each) => tookMs / each <= most) ?? tookMs;
  return Array.from({ length: Math.floor(tookMs / step) + 1 }, (_, at) => at * step);
}

/** `0.5 s` where ticks are parts of a second, else `2 s`. */
export const tickText = (ms: number, ticks: readonly number[]) =>
  ticks.every((each) => each % 1000 === 0) ? `${ms / 1000} s` : seconds(ms);
