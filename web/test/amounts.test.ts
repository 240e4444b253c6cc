import assert from "node:assert/strict";
import { test } from "node:test";
import { floorDiv, format, formatNumber, parseDecimal, plainDecimal } from "../src/core/amounts.ts";
import { csvOf } from "../src/follow/csv.tsx";

test("a decimal text is exact, or it is none", () => {
  const exact: [string, bigint][] = [
    ["1", 1_000_000n], ["0.000001", 1n], ["-2.5", -2_500_000n], ["−2.5", -2_500_000n], [" 1,234.5 ", 1_234_500_000n],
    ["123456789012345678.123456", 123_456_789_012_345_678_123_456n],
  ];
  for (const [text, micros] of exact) assert.equal(parseDecimal(text), micros);
  for (const text of ["", ".", "1.", ".5", "1e3", "0.0000001", "1.2.3", "NaN", "0x10", "--1", "٣", "1".repeat(25)])
    assert.equal(parseDecimal(text), undefined, text);
});

test("what is edited comes back as it was", () => {
  for (const micros of [0n, 1n, -1n, 999_999n, -1_000_000n, 12_345_600_000n, 10n ** 29n + 1n])
    assert.equal(parseDecimal(plainDecimal(micros)), micros);
});

test("amounts are read in groups and rounded to the nearest", () => {
  assert.equal(format(1_234_567_890_000n), "1,234,567.89");
  assert.equal(format(-1_500_000n, { places: 2 }), "−1.50");
  assert.equal(format(4_999n, { places: 2 }), "0.00");
  assert.equal(format(5_000n, { places: 2 }), "0.01");
  assert.equal(format(-4_999n, { places: 2, signed: true }), "0.00");
  assert.equal(format(1n, { signed: true }), "+0.000001");
  assert.equal(format(286_437n, { decimals: 0 }), "286,437");
  assert.equal(format(1_000_000_001n, { decimals: 9 }), "1.000000001");
  assert.equal(formatNumber(-1234.567, 2), "−1,234.57");
  assert.equal(formatNumber(-0.001, 2, true), "0.00");
  assert.equal(formatNumber(0.12345, 5), "0.12345");
  assert.equal(formatNumber(NaN), "–");
});

test("division rounds down", () => {
  assert.deepEqual([[7n, 2n], [-7n, 2n], [7n, -2n], [-8n, 2n]].map(([a, b]) => floorDiv(a!, b!)), [3n, -4n, -4n, -4n]);
});

test("no cell of a file is a formula", () => {
  assert.equal(csvOf(["a", "b"], [["=1+1", "+1,000.5"], ['say "x"', "−2"], ["@x", "+ETH-1"]]), "a,b\r\n'=1+1,+1000.5\r\n\"say \"\"x\"\"\",-2\r\n'@x,'+ETH-1\r\n");
});
