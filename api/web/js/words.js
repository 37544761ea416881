// How numbers, times and verdicts read.
import { h } from './dom.js'

export const VERDICTS = { identical: 'Identical', similar: 'Similar', unknown: 'Unknown' }

export const percent = share => `${(share * 100).toFixed(share > 0.995 && share < 1 ? 1 : 0)}\u00a0%`

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`

/** Seconds as 1:02 or, finely, 1:02.3. */
export function clock(seconds, fine = false) {
  const tenths = Math.max(0, Math.round(seconds * 10))
  const minutes = Math.floor(tenths / 600)
  const rest = (tenths % 600) / 10
  return `${minutes}:${fine ? rest.toFixed(1).padStart(4, '0') : String(Math.floor(rest)).padStart(2, '0')}`
}

export const timeOfDay = date => date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** A moment, given as text or as Unix seconds. */
export function day(moment) {
  const date = new Date(typeof moment === 'number' ? moment * 1000 : moment)
  return Number.isNaN(date.getTime()) ? String(moment) : date.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
}

/** A verdict as a pill. */
export const verdictPill = verdict => h('span', { class: `pill pill-${verdict}` }, VERDICTS[verdict] ?? verdict)

const STATES = {
  connecting: 'wait', live: 'good', stalled: 'wait', reconnecting: 'wait', failed: 'bad', ended: '',
  waiting: 'wait', running: 'wait', done: 'good', cancelled: '',
  ready: 'good', ok: 'good', starting: 'wait', degraded: 'wait', broken: 'bad', unreachable: 'bad',
}

/** The state of a session, a job or the service as a pill. */
export function statePill(state) {
  const look = STATES[state] ? `pill-${STATES[state]}` : ''
  return h('span', { class: `pill ${look}`, data: { state } }, state.charAt(0).toUpperCase() + state.slice(1))
}

/** An attribute's value as text. */
export const valueText = value => (Array.isArray(value) ? value.join(', ') : String(value))
