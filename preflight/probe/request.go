// Package probe works out which questions to put to which backends, without
// asking them.
package probe

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Request is one question to one backend, or one server-side dry-run.
type Request struct {
	// Interception is whom to ask; zero for a dry-run.
	Interception admission.Interception
	// Write is what is asked about.
	Write   bootstrap.Write
	Vantage facts.Vantage
	// Review is the AdmissionReview to send, as JSON; nil to do no more than a
	// TLS handshake, or where Skip is set.
	Review []byte
	// Skip is why nothing may be sent; empty if the question is to be asked.
	Skip string
	// Timeout is how long the API server would wait.
	Timeout time.Duration
	// Addresses are host:port of the ready endpoints, for the pod network.
	Addresses []string
	// ServerName is the name that the certificate must be valid for.
	ServerName string
}
