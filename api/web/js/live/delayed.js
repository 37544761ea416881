// Shows a camera as late as its answers come, so that outlines lie on what they belong to.
import { drawFound, fit } from '../drawing.js'

const MOST_FRAMES = 45
const MOST_DELAY_MS = 1200
const MOST_INTERVAL_MS = 400
const HELD_MS = 700
const NEAR_MS = 150
const WIDTH = 960
const REMEMBERED_MS = 2500

/** Draws a video element and its overlays on a canvas, until `close`. */
export class DelayedPicture {
  constructor(video, canvas, nameOf) {
    Object.assign(this, { video, canvas, nameOf })
    this.frames = []
    this.overlays = []
    this.delay = 0
    this.isOpen = true
    this.take()
    this.draw()
  }

  /** What one frame brought: its size, its age in milliseconds when it was told, and its tracks. */
  add({ width, age_ms: age, tracks }) {
    const now = performance.now()
    const latency = Math.min(Math.max(age, 0), MOST_DELAY_MS)
    this.overlays.push({ at: now - latency, width, tracks, latency })
    while (this.overlays[0]?.at < now - REMEMBERED_MS) this.overlays.shift()
  }

  close() {
    this.isOpen = false
    for (const frame of this.frames) frame.bitmap.close()
    this.frames = []
  }

  take() {
    if (!this.isOpen) return
    this.video.requestVideoFrameCallback(async (now, { captureTime }) => {
      const { videoWidth, videoHeight } = this.video
      if (this.isOpen && videoWidth) {
        const resizeWidth = Math.min(WIDTH, videoWidth)
        const at = Math.min(captureTime ?? now, performance.now())
        const bitmap = await createImageBitmap(this.video, { resizeWidth, resizeHeight: Math.round((resizeWidth * videoHeight) / videoWidth) }).catch(() => null)
        if (bitmap && this.isOpen) this.keep({ at, bitmap })
        else bitmap?.close()
      }
      this.take()
    })
  }

  keep(frame) {
    this.frames.push(frame)
    const oldest = performance.now() - this.wantedDelay() - 200
    while (this.frames.length > MOST_FRAMES || (this.frames.length > 2 && this.frames[1].at < oldest)) this.frames.shift().bitmap.close()
  }

  /** As late as answers are, and one answer more, so that there is one on either side of a picture. */
  wantedDelay() {
    const recent = this.overlays.slice(-10)
    if (recent.length < 2) return recent[0]?.latency ?? 0
    const interval = (recent.at(-1).at - recent[0].at) / (recent.length - 1)
    return Math.min(Math.max(...recent.map(overlay => overlay.latency)) + Math.min(interval, MOST_INTERVAL_MS), MOST_DELAY_MS)
  }

  draw() {
    if (!this.isOpen) return
    requestAnimationFrame(() => this.draw())
    this.delay += (this.wantedDelay() - this.delay) * 0.08 // slowly, or the picture jumps
    const shown = performance.now() - this.delay
    const frame = this.frames.findLast(one => one.at <= shown) ?? this.frames[0]
    if (!frame) return
    const { bitmap } = frame
    const width = this.canvas.clientWidth
    const unit = fit(this.canvas, width, (width * bitmap.height) / bitmap.width)
    const paper = this.canvas.getContext('2d')
    paper.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height)
    const tracks = this.tracksAt(frame.at).sort((one, other) => (other.track.verdict === 'unknown') - (one.track.verdict === 'unknown'))
    for (const { track, width: whole } of tracks) {
      drawFound(paper, track, track.name || this.nameOf(track.product_id), { scale: this.canvas.width / whole, unit })
    }
  }

  /** What to draw at a moment: between two answers, in between. */
  tracksAt(at) {
    const next = this.overlays.find(overlay => overlay.at >= at)
    const last = this.overlays.findLast(overlay => overlay.at < at)
    if (!last) return next && next.at - at < NEAR_MS ? as(next, next.tracks) : []
    if (!next) return at - last.at < HELD_MS ? as(last, last.tracks) : []
    if (next.at - last.at > HELD_MS) return at - last.at < NEAR_MS ? as(last, last.tracks) : [] // between is a guess
    const share = (at - last.at) / Math.max(next.at - last.at, 1)
    const later = new Map(next.tracks.map(track => [track.appearance_id, track]))
    const both = last.tracks.filter(track => later.has(track.appearance_id))
    return as(last, both.map(track => between(track, later.get(track.appearance_id), share)))
  }
}

const as = ({ width }, tracks) => tracks.map(track => ({ track, width }))

function between(one, other, share) {
  const mix = (a, b) => a + (b - a) * share
  const alike = one.outline?.length === 4 && other.outline?.length === 4
  return {
    ...other,
    box: one.box.map((side, index) => mix(side, other.box[index])),
    outline: alike ? one.outline.map((point, index) => point.map((value, axis) => mix(value, other.outline[index][axis]))) : other.outline,
  }
}
