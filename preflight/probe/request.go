// Package probe works out which questions to put to which backends, without
// asking them.
package probe

import (
	"fmt"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Request is one question to one backend, or one server-side dry-run.
type Request struct {
	// Interception is whom to ask; zero for a dry-run.
	Interception admission.Interception
	// Write is what is asked about; zero where Call is set.
	Write bootstrap.Write
	// Call is what is asked for where it is not admission; nil otherwise. Review is
	// then made of what is stored, when it is asked.
	Call *Call
	// Vantage is where from; ServerDryRun for a dry-run.
	Vantage facts.Vantage
	// Review is the AdmissionReview to send, as JSON; nil to do no more than a
	// TLS handshake, for a dry-run, and where Skip or Known is set.
	Review []byte
	// Skip is why nothing may be sent; empty if the question is to be asked.
	Skip string
	// Known is the answer that the facts already give, so that nobody need be
	// asked; nil if the question is to be asked.
	Known *facts.Attempt
	// Timeout is how long the API server would wait for the webhook, or how long
	// to wait for the API server's dry-run.
	Timeout time.Duration
	// Addresses are host:port of the ready endpoints of a Service; for a
	// port-forward namespace/pod:port of those that are a Pod's. From the pod
	// network, and by port-forwards, each of them is asked, as the API server picks
	// any of them. Nil for a URL and where they could not be read.
	Addresses []string
	// ServerName is the name that the certificate must be valid for; empty for a dry-run.
	ServerName string
}

// DryRun reports whether the request is a server-side dry-run of the write.
func (r Request) DryRun() bool { return r.Vantage == facts.ServerDryRun }

// Target is what is asked: the URL, namespace/service:port, or the empty string
// for a dry-run.
func (r Request) Target() string {
	b := r.Interception.Backend
	switch {
	case r.DryRun():
		return ""
	case b.URL != "":
		return b.URL
	}
	return fmt.Sprintf("%s/%s:%d", b.Namespace, b.Name, b.Port)
}

// Attempt returns the record of r with the answer given.
func (r Request) Attempt(a facts.Answer, f facts.Fault, detail string) facts.Attempt {
	as, planned := "", r.Write.Planned()
	if !r.DryRun() && planned.User.Name != bootstrap.Loopback.Name {
		as = planned.User.Name
	}
	return facts.Attempt{
		As: as, Shown: r.Write.Shown, Unread: r.Write.Unread,
		Type:   r.Interception.Kind.Type(),
		Config: r.Interception.Name, Webhook: r.Interception.Webhook,
		Write: r.About(), Vantage: r.Vantage, Target: r.Target(),
		Answer: a, Fault: f, Detail: detail,
	}
}

// About is the key of the write that is asked about, or what is asked for.
func (r Request) About() string {
	if r.Call != nil {
		return r.Call.About
	}
	return r.Write.Planned().Key()
}

// Group names the writes that are taken for alike: those of one hook and user with
// one operation on one resource in one namespace.
func (r Request) Group() string {
	if r.Call != nil {
		return r.Call.About
	}
	return groupOf(r.Write.Planned())
}

func groupOf(w bootstrap.Write) string {
	return strings.Join([]string{w.Hook, string(w.Operation), w.ResourceName(), w.Namespace, w.User.Name}, " ")
}

// String says in one line what would be done.
func (r Request) String() string {
	what := fmt.Sprintf("%s of %s", r.Write.Planned().Key(), r.Write.Hook)
	if r.Write.Shown != "" {
		what += ", made from " + r.Write.Shown
	}
	switch {
	case r.Call != nil:
		what = fmt.Sprintf("%s %s at %s from %s about %s", r.Interception.Kind, r.Interception.Name, r.Target(), r.Vantage, r.Call.About)
	case !r.DryRun():
		what = fmt.Sprintf("%s %s (%s) at %s from %s about %s", r.Interception.Kind, r.Interception.Name, r.Interception.Webhook, r.Target(), r.Vantage, what)
	}
	switch {
	case r.Skip != "":
		return fmt.Sprintf("skip %s: %s", what, r.Skip)
	case r.Known != nil:
		return fmt.Sprintf("know %s: %s: %s", what, r.Known.Answer, r.Known.Detail)
	case r.Vantage == facts.PodNetwork, r.Vantage == facts.PortForward:
		what += ": " + strings.Join(r.Addresses, ", ")
	}
	verb := "ask"
	switch {
	case r.DryRun():
		verb = "dry-run"
	case r.Vantage == facts.ServerRead:
		verb = "have the API server ask"
	case r.Review == nil && (r.Call == nil || r.Call.Collection == ""):
		verb = "shake hands with"
	}
	return fmt.Sprintf("%s %s, within %v", verb, what, r.Timeout)
}
