// Live: a camera or an address, what is in view, and what has happened.
import { all, health, path } from '../api.js'
import { button, field, fill, h, icon } from '../dom.js'
import { attempt, empty, problem } from '../notices.js'
import { catalog } from '../shop.js'
import { clock, count, statePill } from '../words.js'
import { startSession } from './peer.js'
import { runCamera, runRemote } from './run.js'

const LOAD_MS = 5000 // the service says how it is in whole seconds

export function open({ rest }) {
  if (!catalog()) return { element: noCatalog(), close() {} }
  const view = new LiveView()
  const watching = setInterval(() => view.showLoad(), LOAD_MS)
  view.showLoad()
  if (rest[0]) view.start(() => runRemote(rest[0], { own: false, onStatus: view.onStatus }))
  else view.idle()
  return { element: view.element, close: () => { clearInterval(watching); view.stop() } }
}

function noCatalog() {
  return h('div', { class: 'view' }, h('div', { class: 'view-head' }, h('h1', {}, 'Live')), h('div', { class: 'panel' }, empty(
    'live', 'First, something to look for', 'A catalog holds a few pictures of each product. Make one, then come back and hold a product into the camera.',
    h('a', { class: 'button button-main', href: '#/catalog' }, 'Make a catalog'),
  )))
}

class LiveView {
  constructor() {
    this.onStatus = status => this.show(status)
    this.status = h('div', { class: 'row', role: 'status' })
    this.stage = h('div', { class: 'stage' })
    this.tools = h('div', { class: 'row-between stage-foot' })
    this.side = h('aside', { class: 'live-side', 'aria-label': 'What is seen' })
    this.log = h('div')
    this.others = h('div')
    this.load = h('div', { role: 'status', hidden: true })
    this.element = h(
      'div', { class: 'view' },
      h('div', { class: 'view-head' }, h('h1', {}, 'Live'), this.status),
      this.load,
      h('div', { class: 'live' }, h('div', { class: 'stack' }, h('div', { class: 'stage-frame' }, this.stage), this.tools, this.others), this.side, this.log),
    )
  }

  /** Names come late, or not at all, when there are too many cameras: the service says so. */
  async showLoad() {
    const { record } = await health('readyz').catch(() => ({ record: {} }))
    const reason = record.status === 'degraded' ? record.reason : ''
    this.load.hidden = !reason
    fill(this.load, reason && h('p', { class: 'warning small' }, reason))
  }

  idle(said = null) {
    fill(this.status)
    fill(this.tools)
    fill(this.log)
    const address = h('input', { type: 'url', placeholder: 'rtsp://user:password@camera/stream', autocomplete: 'off', spellcheck: false, required: true })
    const watch = event => {
      event.preventDefault()
      this.start(async () => {
        const session = await startSession(catalog(), address.value.trim())
        return runRemote(session.session_id, { own: true, onStatus: this.onStatus })
      })
    }
    fill(this.stage, h(
      'div', { class: 'start' }, icon('live', 'icon-large'),
      h('h2', {}, 'Choose what to look at'),
      said,
      button('Use this camera', () => this.camera(), { look: 'main', symbol: 'live' }),
      h('p', { class: 'small or' }, 'or watch a camera on the network'),
      h('form', { class: 'start-address', on: { submit: watch } }, field('Address', address), button('Watch', null, { type: 'submit' })),
    ))
    fill(this.side, h('div', { class: 'panel' }, empty('identify', 'Nothing in view yet', `Products of “${catalog()}” appear here with their name and how sure the answer is, as soon as a picture runs.`)))
    this.showOthers()
  }

  camera(deviceId = '') {
    return this.start(() => runCamera(catalog(), deviceId, this.onStatus))
  }

  async start(begin) {
    this.stop()
    fill(this.others)
    fill(this.stage, h('div', { class: 'start' }, h('p', {}, 'Connecting…')))
    fill(this.status, statePill('connecting'))
    this.turn = (this.turn ?? 0) + 1
    const mine = this.turn
    try {
      const run = await begin()
      if (mine !== this.turn) return run.close()
      this.run = run
      fill(this.stage, run.screen)
      fill(this.side, run.scene.inView)
      fill(this.log, run.scene.events)
      this.show(run.state)
      this.showTools()
    } catch (error) {
      if (mine === this.turn) this.idle(problem(error))
    }
  }

  show(status) {
    if (!this.run) return
    const { state, reason, counters } = status
    const over = this.run.isOver
    this.scene = this.run.scene
    fill(this.status, statePill(state), reason && state !== 'live' && h('span', { class: 'small quiet break' }, reason))
    if (counters) fill(this.counters ??= h('dl', { class: 'facts facts-small' }), facts(status))
    if (!over) return
    this.run = null
    this.counters = null
    const note = state === 'failed' ? problem({ status: 0, message: reason }) : h('p', { class: 'quiet' }, reason)
    this.idle(note)
    fill(this.log, this.scene.events) // what has happened stays to be read
    fill(this.status, statePill(state))
  }

  async showTools() {
    const full = button('Fill the screen', () => attempt(() => this.stage.requestFullscreen()), { symbol: 'full', iconOnly: true })
    const end = button(this.run.kind === 'watched' ? 'Leave' : 'Stop', () => { this.stop(); location.hash = '#/live'; this.idle() }, { symbol: 'stop' })
    this.counters ??= h('dl', { class: 'facts facts-small' })
    fill(this.tools, h('div', { class: 'row' }, end, this.run.kind === 'camera' && await this.cameraChoice(), full), this.counters)
  }

  async cameraChoice() {
    const found = (await navigator.mediaDevices.enumerateDevices()).filter(one => one.kind === 'videoinput')
    if (found.length < 2) return null
    const choice = h('select', { 'aria-label': 'Camera', class: 'narrow', on: { change: () => this.camera(choice.value) } },
      found.map((one, index) => h('option', { value: one.deviceId, selected: one.deviceId === this.run.deviceId }, one.label || `Camera ${index + 1}`)))
    return choice
  }

  /** What else runs at the service can be watched, too. */
  async showOthers() {
    const sessions = (await all(path('sessions')).catch(() => [])).filter(one => !['ended', 'failed'].includes(one.state))
    if (this.run || !sessions.length) return fill(this.others)
    fill(this.others, h('section', { class: 'stack others' }, h('h2', {}, 'Running now'), h('ul', { class: 'stack' }, sessions.map(one => h(
      'li', { class: 'panel row-between' },
      h('div', { class: 'grow' }, h('p', { class: 'strong clip' }, one.source ?? one.source_id), h('p', { class: 'small faint' }, `${one.catalog} · since ${clock(Date.now() / 1000 - one.started_at)}`)),
      statePill(one.state), h('a', { class: 'button button-small', href: `#/live/${one.session_id}`, 'aria-label': `Watch ${one.source ?? one.source_id}` }, 'Watch'),
    )))))
  }

  stop() {
    this.turn = (this.turn ?? 0) + 1
    this.run?.close()
    this.run = null
    this.counters = null
  }
}

function facts({ counters, started_at: began }) {
  const told = [
    ['Frames per second', counters.processed_fps.toFixed(1)],
    ['Age when told', `${Math.round(counters.age_p50_ms)} ms`],
    ['Looked at', count(counters.processed, 'frame')],
    ['Skipped', counters.dropped.toLocaleString('en')],
    began && ['Running', clock(Date.now() / 1000 - began)],
  ]
  return told.filter(Boolean).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))
}
