// Reads what Prometheus reads.

/** Samples of the text format: {name, labels, value, help}. */
export function readMetrics(text) {
  const help = new Map()
  const samples = []
  for (const line of text.split('\n')) {
    const [, name, said] = line.match(/^# HELP (\S+) (.*)$/) ?? []
    if (name) help.set(name, said)
    const [, metric, labels, value] = line.match(/^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/) ?? []
    if (metric) samples.push({ name: metric, labels: readLabels(labels ?? ''), value: Number(value), help: help.get(metric) ?? '' })
  }
  return samples
}

/** What speaks of drift and recall, for people. */
export function drift(samples) {
  return samples.filter(({ name, value }) => /drift|recall/.test(name) && !/_(bucket|created|sum|count)$/.test(name) && Number.isFinite(value)).map(
    ({ name, labels, value, help }) => ({
      label: [help.replace(/\.$/, '') || name.replaceAll('_', ' '), ...Object.values(labels)].join(' · '),
      value: Number.isInteger(value) ? String(value) : value.toPrecision(3),
    }),
  )
}

function readLabels(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value.replace(/\\(.)/g, '$1')]))
}
