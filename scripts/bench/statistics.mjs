// What a row of measurements says.

/** The smallest value that a share of the values does not exceed (nearest rank). */
export function quantile(values, share) {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/**
 * The middle value; of an even number the mean of the two in the middle, because either alone would
 * lean to one side.
 */
export function median(values) {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * A distribution as its values at a thousand even shares: rounds weigh the same, however many
 * values each has.
 */
export const shares = (values) => {
  const sorted = values.toSorted((left, right) => left - right);
  return Array.from({ length: 1000 }, (_, index) => sorted[Math.floor(((index + 0.5) / 1000) * sorted.length)]);
};
