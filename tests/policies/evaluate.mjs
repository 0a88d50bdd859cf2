// Answers requests, one JSON line each, with what IAM would decide; its argument is the folder of node_modules.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const { runSimulation } = createRequire(`${process.argv[2]}/`)('@cloud-copilot/iam-simulate')

async function decide({ policy, resourcePolicy, principal, account, action, resource, context }) {
  const answer = await runSimulation(
    {
      identityPolicies: policy ? [{ name: 'manager', policy }] : [],
      resourcePolicy,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: context }
    },
    {}
  )
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  const ignored = (answer.result ?? answer.results[0])?.ignoredContextKeys ?? []
  return { decision: answer.overallResult, ignored }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await decide(JSON.parse(line)).catch((error) => ({ error: String(error) }))
  console.log(JSON.stringify(answer))
}
