// Sums up what vitest's JSON reporter wrote to the files given, in one line.
// Fails where anything failed, was skipped, or did not run at all.
import {readFileSync} from 'node:fs';

let passed = 0;
let failed = 0;
let skipped = 0;

for (const path of process.argv.slice(2)) {
  const results = JSON.parse(readFileSync(path, 'utf8'));
  passed += results.numPassedTests;
  failed += results.numFailedTests;
  skipped += results.numPendingTests + results.numTodoTests;
  // A file that could not even be loaded has no tests to count.
  failed += results.testResults.filter(
    ({status, assertionResults}) =>
      status === 'failed' &&
      !assertionResults.some((test) => test.status === 'failed'),
  ).length;
}

if (skipped > 0) {
  console.error(`${skipped} skipped: none may be, here`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed + skipped > 0 || passed === 0 ? 1 : 0;
