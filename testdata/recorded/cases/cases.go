// Package cases holds recordings on which the program was wrong once, each made by
// hand or changed from a recording of the project's own.
package cases

import "embed"

// Recordings are, by name:
//
//   - overrun.zip: every write of a hook passes, and all of them together take longer than it may
//   - gp153.zip, gp314.zip, gp413.zip: remedies with a manifest, with another program's
//     commands, and with words between them
//
//go:embed *.zip
var Recordings embed.FS
