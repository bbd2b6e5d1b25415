import type { Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { ApiError, ConditionFailed, Unavailable } from '../core/model/errors.ts';
import type { RunId } from '../core/model/ids.ts';

/** The answer to a rejected request. */
export interface ErrorAnswer {
  error: { code: string; message: string; details?: Record<string, unknown> };
}

/**
 * Creates a Lambda handler that validates its input. Invalid input, an ApiError, a ConditionFailed and an Unavailable
 * become a JSON answer; other errors are thrown.
 */
export function jsonHandler<Schema extends z.ZodMiniType, Answer>(
  schema: Schema,
  answer: (input: z.output<Schema>, context: Context) => Promise<Answer>,
): (input: unknown, context: Context) => Promise<Answer | ErrorAnswer> {
  return async (input, context) => {
    try {
      const parsed = schema.safeParse(input);
      if (!parsed.success) throw invalid(parsed.error);
      return await answer(parsed.data, context);
    } catch (error) {
      if (error instanceof ApiError) return error.toBody();
      if (error instanceof Unavailable) {
        return new ApiError(`${error.service}_unavailable`, `${error.message}; try again`).toBody();
      }
      if (error instanceof ConditionFailed) {
        return new ApiError(
          'conflict',
          'something else changed the run at the same moment; try again',
        ).toBody();
      }
      throw error;
    }
  };
}

function invalid(error: z.core.$ZodError): ApiError {
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  return new ApiError('invalid_input', issues.join('; '), { issues });
}

/** The error for a run that is not in the ledger. */
export function noSuchRun(runId: RunId): ApiError {
  return new ApiError('no_such_run', `there is no run ${runId}; list the runs to see their ids`, { runId });
}
