// Video: files in, their appearances over time out.
import { all, path, upload } from '../api.js'
import { button, fill, h, icon } from '../dom.js'
import { dropZone } from '../drop.js'
import { empty, notify, problem } from '../notices.js'
import { catalog } from '../shop.js'
import { day, statePill } from '../words.js'
import { VideoJob } from './job.js'

export function open({ rest }) {
  if (rest[0]) {
    const job = new VideoJob(rest[0])
    return { element: job.element, close: () => job.close() }
  }
  const view = new VideoList()
  return { element: view.element, close: () => view.close() }
}

class VideoList {
  constructor() {
    this.upload = h('div')
    this.jobs = h('div')
    this.element = h('div', { class: 'view' }, h('div', { class: 'view-head' }, h('h1', {}, 'Video')), catalog() ? [this.upload, this.jobs] : noCatalog())
    if (!catalog()) return
    this.begin()
    this.load()
    this.poll = setInterval(() => this.load(), 3000)
  }

  close() {
    clearInterval(this.poll)
    this.abort?.abort()
  }

  begin(said = null) {
    fill(this.upload, said, h('div', { class: 'panel' }, dropZone({
      title: 'Drop a video', hint: `Every frame is looked at for products of “${catalog()}”. You may close this page meanwhile.`, kind: 'video',
      label: 'Choose a video', multiple: false, symbol: 'video', onFiles: files => this.send(files[0]),
      onRefused: () => notify('That is no video; give an MP4, MKV, WebM or another video file.', { bad: true }),
    })))
  }

  async send(file) {
    this.abort = new AbortController()
    const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Upload' })
    const told = h('span', { class: 'small quiet' }, '0 %')
    fill(this.upload, h('div', { class: 'panel stack' }, h('div', { class: 'row-between' }, h('p', { class: 'strong clip grow' }, `Sending ${file.name}`), told,
      button('Cancel', () => this.abort.abort(), { look: 'small' })), bar))
    const onProgress = share => { bar.value = share; fill(told, `${Math.floor(share * 100)} %`) }
    try {
      // The file itself is the body: neither side has to take a form apart.
      const address = `${path('catalogs', catalog(), 'videos')}?annotated=true&name=${encodeURIComponent(file.name)}`
      const headers = { 'Content-Type': file.type || 'application/octet-stream' }
      const job = await upload(address, file, { onProgress, signal: this.abort.signal, headers })
      location.hash = `#/video/${job.job_id}`
    } catch (error) {
      this.begin(error.name === 'AbortError' ? null : problem(error))
    }
  }

  async load() {
    try {
      const jobs = await all(path('catalogs', catalog(), 'videos'))
      const key = JSON.stringify(jobs)
      if (key === this.key) return
      this.key = key
      fill(this.jobs, jobs.length ? h('section', { class: 'stack' }, h('h2', {}, 'Videos'), h('ul', { class: 'stack' }, jobs.map(line))) : null)
    } catch (error) {
      fill(this.jobs, problem(error))
    }
  }
}

function line(job) {
  const runs = job.state === 'running' || job.state === 'waiting'
  return h('li', {}, h(
    'a', { class: 'panel found', href: `#/video/${encodeURIComponent(job.job_id)}` }, icon('video'),
    h('span', { class: 'grow stack-tight' }, h('span', { class: 'strong clip' }, job.name), h('span', { class: 'small faint' }, day(job.created_at)),
      runs && h('progress', { max: 1, value: job.total ? job.done / job.total : undefined, 'aria-label': `Progress of ${job.name}` })),
    statePill(job.state),
  ))
}

function noCatalog() {
  return h('div', { class: 'panel' }, empty('video', 'First, something to look for', 'A video is searched for the products of a catalog; make one first.',
    h('a', { class: 'button button-main', href: '#/catalog' }, 'Make a catalog')))
}
