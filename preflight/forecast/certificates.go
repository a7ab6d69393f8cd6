package forecast

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// certificates are the TLS handshakes, through port-forwards, with the Pods of
// one webhook's backend; also those that did not come about.
type certificates []facts.Attempt

// open is why it is not known, of at least one Pod, whether the API server would
// accept its certificate; empty if that is known of all.
func (cs certificates) open() string {
	if len(cs) == 0 {
		return "whether the API server would accept its certificate can't be seen through the service proxy: permit a port-forward or a server-side dry-run, or ask from inside the cluster by --vantage pod-network"
	}
	for _, a := range cs {
		if !shown(a) {
			return "whether the API server would accept its certificate is not known: " + a.Detail
		}
	}
	return ""
}

// shown reports whether there was a handshake, or an attempt at one that was the
// backend's to fail.
func shown(a facts.Attempt) bool {
	return a.Answer != facts.NotAsked && a.Answer != facts.CouldNotAsk
}

// amend returns the other ones of the attempts on the webhook with what the handshakes add:
// the Pods on which a call ends in one. What the service proxy saw behind a
// handshake that the API server would not complete with any Pod is left out.
func (cs certificates) amend(attempts []facts.Attempt) []facts.Attempt {
	if cs == nil {
		return attempts
	}
	others := where(attempts, func(a facts.Attempt) bool { return a.Vantage != facts.PortForward })
	var amended []facts.Attempt
	all := func(answer facts.Answer) bool {
		return !slices.ContainsFunc(cs, func(a facts.Attempt) bool { return a.Answer != answer })
	}
	refused, hung := all(facts.BadCertificate), all(facts.HungBeforeTLS)
	for _, a := range others {
		behind := a.Answer == facts.Allowed || a.Answer == facts.Denied || a.Answer == facts.BadAnswer
		if a.Vantage == facts.ServiceProxy && (refused && behind || (refused || hung) && a.Answer == facts.Hung) {
			continue
		}
		amended = append(amended, a)
	}
	silent := !slices.ContainsFunc(others, func(a facts.Attempt) bool { return decisive(a.Answer) })
	for _, a := range cs {
		if decisive(a.Answer) || silent && a.Answer == facts.TLSOnly {
			amended = append(amended, a)
		}
	}
	return amended
}
