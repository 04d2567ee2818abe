import { expect, test } from "vitest";
import { embed, SIZE } from "../src/embedding.ts";

const likeness = (one: string, other: string) => {
  const [a, b] = [embed(one), embed(other)];
  return a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
};

test("a vector has its size, and length 1", () => {
  const vector = embed("Water the roses");
  expect(vector).toHaveLength(SIZE);
  expect(Math.hypot(...vector)).toBeCloseTo(1);
});

test("is the same each time, and in small letters", () => {
  expect(embed("Water the roses")).toEqual(embed("water THE roses!"));
});

test("texts with the same words are nearer, then those with words of one stem", () => {
  const text = "water the roses";
  const near = ["the roses need water", "rose", "pay rent"].map((other) => likeness(text, other));
  expect(near.toSorted((a, b) => b - a)).toEqual(near);
});

test("a text without words is a vector, too", () => {
  expect(embed(" – ")).toHaveLength(SIZE);
  expect(embed(" – ").every(Number.isFinite)).toBe(true);
});
