import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../../components/core/support/replace-file.ts";
import { backendFolder, PROJECT, STACK } from "./stack.ts";

/** What the services and jobs of a stack did in the last `up` in which one of them was started. */
export interface Timeline {
  stack: string;
  /** In ISO 8601. */
  began: string;
  tookMs: number;
  steps: Step[];
}

/** One service or job. Times are in ms since the run began; what did not happen in it has none. */
export interface Step {
  name: string;
  kind: "service" | "job";
  /** The services and jobs that it refers to. */
  waitsFor: string[];
  /** Its container was created. */
  createdMs?: number;
  /** Its container was started; a job's is created long before. */
  startedMs?: number;
  /** The end of its first good probe. */
  answeredMs?: number;
  /** Its gate was passed, so what refers to it can go on. */
  finishedMs?: number;
}

/** Beside pulumi's own folder, where the state is in files; undefined otherwise. */
function fileOf(stack: string): string | undefined {
  const folder = backendFolder();
  return folder && `${folder}/../timelines/${PROJECT}/${stack}.json`;
}

/** Keeps the timeline for `make timeline`, unless nothing was started. */
export function writeTimeline(timeline: Timeline): void {
  const file = fileOf(timeline.stack);
  if (!file || timeline.steps.every(({ startedMs }) => startedMs === undefined)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  replaceFile(file, `${JSON.stringify(timeline)}\n`);
}

/** Undefined where there was no such `up`, or the state is not in files. */
export function readTimeline(stack = STACK): Timeline | undefined {
  const file = fileOf(stack);
  return file && existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Timeline) : undefined;
}
