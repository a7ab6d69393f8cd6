// Package whatif searches for the smallest events that would turn what an
// upgrade does today into a crash-loop: the loss of a pod, a node or a zone, the
// upgrade of a node pool, the expiry of a certificate.
//
// It is a model over a recording, and does no I/O. An event takes endpoints
// away from the Services that webhooks call; a webhook whose Service has no
// ready endpoint left answers nobody; what that does to the new replica is
// foretold by package forecast. docs/whatif.md says what is in the model.
package whatif
