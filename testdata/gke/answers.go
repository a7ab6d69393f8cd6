// Package answers holds what Google's APIs answer of clusters, a folder each; see README.md.
package answers

import "embed"

// StandardRegional has the answers of a cluster in order: its files lie below
// standard-regional.
//
//go:embed standard-regional
var StandardRegional embed.FS
