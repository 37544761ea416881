// One running source, ours or another's: its picture, its events, and how it ends.
import { ask, path, send } from '../api.js'
import { h } from '../dom.js'
import { product } from '../shop.js'
import { DelayedPicture } from './delayed.js'
import { listen } from './events.js'
import { openCamera, publish, view } from './peer.js'
import { Scene } from './scene.js'

const OVER = ['ended', 'failed']

/** A camera of this device, sent to the service. */
export async function runCamera(catalog, deviceId, onStatus) {
  const media = await openCamera(deviceId)
  const video = h('video', { muted: true, playsInline: true, autoplay: true, srcObject: media, class: 'behind' })
  const canvas = h('canvas', { role: 'img', 'aria-label': 'Your camera with what was found in it' })
  const run = new Run('camera', [video, canvas], onStatus)
  try {
    await video.play()
    const link = await publish(catalog, media, { onText: text => run.read(text), onEnd: reason => reason && run.over('failed', reason) })
    run.begin(link.sessionId)
    run.picture = new DelayedPicture(video, canvas, id => product(id).name)
    run.onClose(() => { run.picture.close(); link.close() })
  } catch (error) {
    stop(media)
    throw error
  }
  run.deviceId = media.getVideoTracks()[0].getSettings().deviceId
  run.onClose(() => stop(media))
  return run
}

/** A session that runs at the service, watched over WHEP or, where that fails, picture by picture. */
export async function runRemote(sessionId, { own, onStatus }) {
  const video = h('video', { muted: true, playsInline: true, autoplay: true, 'aria-label': 'The source with what was found in it' })
  const still = h('img', { alt: 'The source with what was found in it', hidden: true })
  const run = new Run(own ? 'own' : 'watched', [video, still], onStatus)
  run.begin(sessionId)
  if (own) run.onClose(() => send(path('sessions', sessionId), { method: 'DELETE' }).catch(() => {}))
  try {
    const link = await view(sessionId, { onEnd: reason => reason && fallBack() })
    video.srcObject = link.stream
    run.onClose(() => link.close())
  } catch {
    fallBack()
  }
  function fallBack() {
    if (!still.hidden) return
    video.hidden = true
    still.hidden = false
    const next = () => run.isOpen && setTimeout(() => { still.src = `${path('sessions', sessionId, 'snapshot.jpg')}?at=${Date.now()}` }, 400)
    still.addEventListener('load', next)
    still.addEventListener('error', next)
    next()
  }
  return run
}

class Run {
  constructor(kind, screen, onStatus) {
    Object.assign(this, { kind, screen, onStatus })
    this.scene = new Scene()
    this.isOpen = true
    this.isOver = false
    this.closers = []
    this.state = { state: 'connecting', reason: '' }
  }

  /** Follow the session with this id. */
  begin(sessionId) {
    this.sessionId = sessionId
    this.onClose(listen(sessionId, { onEvent: event => this.scene.take(event), onStatus: status => this.tell(status) }))
    const poll = setInterval(() => this.poll(), 2000)
    this.onClose(() => clearInterval(poll))
    this.poll()
  }

  onClose(act) {
    this.closers.push(act)
  }

  /** A text of the data channel. */
  read(text) {
    const { type, data, state, reason } = JSON.parse(text)
    if (type === 'event') this.scene.take(data)
    else if (type === 'status') this.tell(data)
    else if (type === 'overlay') {
      this.picture?.add(data)
      this.scene.refresh(data.tracks)
    } else if (state) this.over(state, reason)
  }

  async poll() {
    const status = await ask(path('sessions', this.sessionId)).catch(error => (error.status === 404 ? { state: 'ended', reason: 'The session is over.' } : null))
    if (status) this.tell(status)
  }

  tell(status) {
    if (this.isOver || !this.isOpen) return
    if (OVER.includes(status.state)) return this.over(status.state, status.reason)
    this.state = status
    this.onStatus(status)
  }

  over(state, reason) {
    if (this.isOver || !this.isOpen) return
    this.isOver = true
    this.scene.clear()
    this.state = { ...this.state, state, reason }
    this.close()
    this.onStatus(this.state)
  }

  close() {
    this.isOpen = false
    for (const act of this.closers.splice(0)) act()
  }
}

function stop(media) {
  for (const track of media.getTracks()) track.stop()
}
