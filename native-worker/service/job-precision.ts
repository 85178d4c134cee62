import type { Database } from 'better-sqlite3';
import type { JobParameters } from '../../contract/jobs.ts';
import type { Precision } from '../../contract/precision.ts';
import { getRun } from '../store/runs.ts';

/**
 * In which precision a job computes: its process must know before it loads TensorFlow (`jobEnvironment`).
 *
 * @throws {AppError} 'not-found' for a run that is gone
 */
export function jobPrecision(db: Database, parameters: JobParameters): Precision {
  switch (parameters.kind) {
    case 'train':
    case 'profile':
      return getRun(db, parameters.runId).config.training.precision;
    case 'sample':
      return parameters.request.precision;
    case 'import':
    case 'reconstruct':
    case 'tune': // its processes each in their own
      return 'fp32';
  }
}
