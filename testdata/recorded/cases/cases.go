// Package cases holds recordings on which the program was wrong once, each made by
// hand or changed from a recording of the project's own.
package cases

import "embed"

// Recordings are, by name:
//
//   - overrun.zip: every write of a hook passes, and all of them together take longer than it may
//   - gp153.zip, gp314.zip, gp413.zip: remedies with a manifest, with another program's
//     commands, and with words between them
//   - shortdrain.zip: node pools that drain for less than an hour
//   - v6.zip: a webhook at an IPv6 address
//
//go:embed *.zip
var Recordings embed.FS
