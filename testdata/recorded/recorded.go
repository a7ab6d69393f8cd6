// Package recorded holds recordings of real clusters, made by `make record`.
package recorded

import _ "embed"

// Incident is a recording of the incident: a regional cluster in which Open
// Policy Agent is a webhook on everything, fails closed, and is frozen.
//
//go:embed incident.zip
var Incident []byte
