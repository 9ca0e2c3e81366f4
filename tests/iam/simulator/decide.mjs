// Decides every simulation of a JSON array on standard input, and writes a JSON array of answers.
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { readFileSync } from "node:fs";

const answers = [];
for (const simulation of JSON.parse(readFileSync(0, "utf8"))) {
  const found = await runSimulation(simulation, {});
  answers.push(
    found.resultType === "single"
      ? { decision: found.overallResult, ignored: found.result.ignoredContextKeys }
      : { error: found.errors ?? found.resultType },
  );
}
process.stdout.write(JSON.stringify(answers));
