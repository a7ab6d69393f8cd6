package rehearse

import (
	"net/http"
	"slices"
	"strings"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// writesOf are the writes that an API server made for itself, each once, in the order
// in which they were first made. To delete what is not there is none.
func writesOf(events []auditv1.Event) []rehearsal.Write {
	writes := []rehearsal.Write{}
	for _, e := range controlplane.Mutations(events, controlplane.ByServer) {
		if e.Verb == "delete" && e.ResponseStatus != nil && e.ResponseStatus.Code == http.StatusNotFound {
			continue
		}
		name := controlplane.Describe(e)
		n := slices.IndexFunc(writes, func(w rehearsal.Write) bool { return w.Write == name })
		if n < 0 {
			n = len(writes)
			writes = append(writes, rehearsal.Write{Write: name})
		}
		writes[n].Tries++
		if s := e.ResponseStatus; s != nil {
			note(&writes[n], s.Code, s.Message)
		}
	}
	return writes
}

// note adds an answer. Not found and conflict, by which a controller learns what to do
// next, are no failures.
func note(w *rehearsal.Write, code int32, message string) {
	w.Failing = code >= 400 && code != http.StatusNotFound && code != http.StatusConflict
	if w.Failing {
		w.Failed++
		w.Code, w.Message = code, message
	}
}

// lasting reports whether a write changed what a start compares with: any that
// succeeded, but what each API server says of itself over and over.
func lasting(w rehearsal.Write) bool {
	if strings.HasPrefix(w.Write, "delete ") {
		return w.Tries > w.Failed
	}
	for _, kind := range []string{" leases.", " endpoints ", " endpointslices.", " events", "/status "} {
		if strings.Contains(w.Write, kind) {
			return false
		}
	}
	return w.Tries > w.Failed
}
