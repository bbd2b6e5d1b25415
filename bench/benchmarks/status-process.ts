import type { Context } from 'aws-lambda';
import { handler } from '../../functions/status.ts';

// Asks the status function once. It runs in its own process, because the function's modules read their endpoint when
// they are loaded: this one is counted, and the benchmark's own is not.
const context = { awsRequestId: 'bench', functionName: 'bench' } as Context;
process.stdout.write(JSON.stringify(await handler(JSON.parse(process.argv[2] ?? '{}'), context)));
