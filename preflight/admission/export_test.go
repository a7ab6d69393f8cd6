package admission

import (
	"k8s.io/apiserver/pkg/admission"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Request returns the write as the API server's plugins take it.
func Request(s *facts.Snapshot, w bootstrap.Write) (admission.Attributes, admission.ObjectInterfaces) {
	o := objectsOf(s)
	return newRequest(w, o), o
}

// Reviews are the resources that policies don't see.
var Reviews = reviews

// Defaults for what a cluster would return with its defaults.
var (
	WithDefaultsValidatingPolicy = withDefaultsValidatingPolicy
	WithDefaultsMatch            = withDefaultsMatch
)

// IsSettled reports whether a policy says the same to each write.
var IsSettled = isSettled
