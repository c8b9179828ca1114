import type { LoggerService } from '@backstage/backend-plugin-api';

/** A logger that keeps what it is told: `warn something`. */
export function listener(said: string[]): LoggerService {
  const logger: LoggerService = {
    error: text => void said.push(`error ${text}`),
    warn: text => void said.push(`warn ${text}`),
    info: text => void said.push(`info ${text}`),
    debug: text => void said.push(`debug ${text}`),
    child: () => logger,
  };
  return logger;
}
