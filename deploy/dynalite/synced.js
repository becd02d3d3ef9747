// Loaded before dynalite: makes LevelDB flush every write to disk before the response, so that a power
// loss does not undo confirmed writes. By default, writes stay in the page cache, which survives a killed
// process only.
'use strict'

const { ClassicLevel } = require('classic-level')

for (const name of ['_put', '_del', '_batch']) {
  const write = ClassicLevel.prototype[name]
  if (typeof write !== 'function') throw new Error(`classic-level has no ${name} any more: synced.js must be updated`)
  ClassicLevel.prototype[name] = function (...args) {
    const options = args.pop()
    return write.call(this, ...args, { ...options, sync: true })
  }
}
