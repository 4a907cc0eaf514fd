const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** The milliseconds in gRPC's header `grpc-timeout`; undefined if it says nothing, or more than a timer can wait. */
export function millisecondsOf(timeout: string): number | undefined {
  const [, count, unit] = /^(\d{1,8})([HMSmun])$/.exec(timeout) ?? [];
  const milliseconds = unit === undefined ? Number.POSITIVE_INFINITY : Number(count) * UNITS[unit]!;
  return milliseconds < 2 ** 31 ? milliseconds : undefined;
}
