package forecast

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// inTime is k, which an answer came to, as far as the answer came in time: the API server
// waits for timeoutSeconds and no longer, and then goes by failurePolicy
// (k8s.io/apiserver pkg/admission/plugin/webhook/validating/dispatcher.go, callHook). a is
// the attempt as the API server has it, which has no answer of what comes too late.
//
// It may have the answer a little sooner than it was had here, and how much sooner that of
// a URL is not known.
func (k call) inTime(i admission.Interception, a facts.Attempt) (call, facts.Attempt) {
	took := time.Duration(a.Milliseconds) * time.Millisecond
	if i.Timeout == 0 || took <= i.Timeout {
		return k, a
	}
	k.best.cost, k.worst.cost = i.Timeout, i.Timeout
	late := certain(bound{rejects: i.Fails, cost: i.Timeout})
	said := fmt.Sprintf("it took %v, and the API server waits for %v", took, i.Timeout)
	if a.Vantage == facts.DirectURL || took <= i.Timeout+nearly(i.Timeout) {
		r := call{best: bestOf(k.best, late.best), worst: worseOf(k.worst, late.worst)}
		if r.best.rejects != r.worst.rejects {
			r.detail = said + ", which may have it sooner"
		}
		return r, a
	}
	a.Answer, a.Milliseconds, a.Detail = facts.Hung, i.Timeout.Milliseconds(), said
	return late, a
}

// nearly is how much longer than the API server this tool may have to wait, as a dry-run is
// waited for.
func nearly(timeout time.Duration) time.Duration { return timeout/10 + time.Second/4 }

func bestOf(a, b bound) bound {
	if compareBounds(a, b) > 0 {
		return b
	}
	return a
}
