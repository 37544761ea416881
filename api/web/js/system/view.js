// System: how the service is, how fast, with which networks, and how it looks here.
import { ask, health, listed } from '../api.js'
import { button, fill, h } from '../dom.js'
import { attempt, problem } from '../notices.js'
import { setTheme, theme } from '../theme.js'
import { count, statePill } from '../words.js'
import { drift, readMetrics, timings } from './metrics.js'

const POLL_MS = 5000

export function open() {
  const places = { health: h('div'), speed: h('div'), drift: h('div'), models: h('div'), login: h('div') }
  const look = () => Promise.all([
    into(places.health, showHealth), into(places.speed, showSpeed), into(places.drift, showDrift),
  ])
  look()
  into(places.models, showModels)
  into(places.login, showLogout)
  const poll = setInterval(look, POLL_MS)
  return {
    element: h('div', { class: 'view' }, h('div', { class: 'view-head' }, h('h1', {}, 'System'), h('div', { class: 'row' }, themeChoice(), places.login)),
      h('div', { class: 'system' }, places.health, places.speed, places.drift), places.models),
    close: () => clearInterval(poll),
  }
}

async function into(place, show) {
  try {
    fill(place, await show())
  } catch (error) {
    if (error.status !== 404 && error.status !== 401) fill(place, problem(error))
  }
}

const panel = (title, ...children) => h('section', { class: 'panel stack', 'aria-label': title }, h('h2', {}, title), children)
const fact = (name, value) => value !== undefined && value !== null && h('div', {}, h('dt', {}, name), h('dd', {}, value))
const counts = record => Object.entries(record ?? {}).filter(([, number]) => number).map(([state, number]) => `${number} ${state}`).join(', ') || 'none'

async function showHealth() {
  const [{ status, record }, system] = await Promise.all([health('readyz'), ask('v1/system').catch(() => ({}))])
  const state = record.status ?? (status === 200 ? 'ready' : 'broken')
  const ailing = Object.entries(record.catalogs ?? {}).filter(([, reason]) => reason)
  return panel('Health', h('div', { class: 'row' }, statePill(state), record.reason && h('span', { class: 'small quiet break' }, record.reason)),
    ailing.map(([name, reason]) => h('p', { class: 'warning small' }, `${name}: ${reason}`)),
    h('dl', { class: 'facts' }, fact('Version', system.version), fact('Running for', system.uptime_s === undefined ? null : long(system.uptime_s)),
      fact('Memory', system.memory_mb === undefined ? null : `${Math.round(system.memory_mb).toLocaleString('en')} MB`),
      system.sessions && fact('Sessions', counts(system.sessions)), system.jobs && fact('Jobs', counts(system.jobs)), fact('Events lost', system.events_lost)),
    catalogTable(system.catalogs))
}

function catalogTable(catalogs) {
  const rows = Object.entries(catalogs ?? {})
  return rows.length > 0 && table(['Catalog', 'Version', 'State'], rows.map(([name, one]) => [name, one.index_version, one.degraded ? one.reason || 'degraded' : 'up to date']))
}

async function showSpeed() {
  const [system, metrics] = await Promise.all([ask('v1/system'), fetch('metrics').then(reply => (reply.ok ? reply.text() : ''))])
  const told = Object.entries(system.timings_ms ?? {}).map(([stage, one]) => ({ stage, ...one })).filter(one => one.count)
  const rows = [...told, ...timings(readMetrics(metrics))].sort((one, other) => one.stage.includes(',') - other.stage.includes(','))
  const body = rows.length
    ? table(['What', 'Median', '95 %', 'Measured'], rows.map(one => [one.stage, milliseconds(one.p50), milliseconds(one.p95), one.count.toLocaleString('en')]), 1)
    : h('p', { class: 'quiet small' }, 'Nothing has been looked at yet. After the first picture, the time in each stage is here.')
  return panel('Speed', body)
}

async function showDrift() {
  const reply = await fetch('metrics')
  if (!reply.ok) return null
  const found = drift(readMetrics(await reply.text()))
  return panel('Drift', found.length
    ? h('dl', { class: 'facts' }, found.map(one => fact(one.label, one.value)))
    : h('p', { class: 'quiet small' }, 'Nothing is measured yet. What the cameras see is compared with what the catalog expects, as soon as they run.'))
}

async function showModels() {
  const answer = await ask('v1/models')
  const models = listed(answer)
  if (!models.length) return null
  return panel('Models', h('div', { class: 'scroll' }, table(['Network', 'File', 'Size', 'Licence', 'Trained on'], models.map(one => [
    one.network, one.file, one.size < 1e5 ? `${Math.ceil(one.size / 1e3)} kB` : `${(one.size / 1e6).toFixed(1)} MB`, one.licence, one.trained_on,
  ]))), h('p', { class: 'small faint' }, `${count(models.length, 'file')}, all from this machine${answer.device ? `; device: ${answer.device}` : ''}.`))
}

function table(names, rows, numbersFrom = 99) {
  const look = index => (index >= numbersFrom ? 'number' : '')
  return h('table', {}, h('thead', {}, h('tr', {}, names.map((name, index) => h('th', { scope: 'col', class: look(index) }, name)))),
    h('tbody', {}, rows.map(row => h('tr', {}, row.map((cell, index) => h('td', { class: look(index) || (String(cell).length < 36 ? 'fixed' : '') }, String(cell)))))))
}

async function showLogout() {
  const { login_required: isLoggedIn } = await ask('v1/me')
  const leave = () => attempt(async () => {
    await ask('logout', { method: 'POST' })
    location.reload()
  })
  return isLoggedIn && button('Log out', leave, { look: 'small' })
}

function themeChoice() {
  const group = h('div', { class: 'row', role: 'group', 'aria-label': 'Appearance' })
  const show = () => fill(group, [['system', 'Automatic'], ['light', 'Light'], ['dark', 'Dark']].map(([name, label]) =>
    button(label, () => { setTheme(name); show(); group.querySelector('[aria-pressed="true"]').focus() }, { look: 'small', 'aria-pressed': String(theme() === name) })))
  show()
  return group
}

const milliseconds = value => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

function long(seconds) {
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1) return count(Math.floor(seconds), 'second')
  if (minutes < 120) return count(minutes, 'minute')
  return minutes < 2880 ? count(Math.floor(minutes / 60), 'hour') : count(Math.floor(minutes / 1440), 'day')
}
