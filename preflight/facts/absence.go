package facts

import "fmt"

// A Reason is why a fact is absent. The set is closed.
type Reason string

const (
	// Forbidden: the identity may not read it.
	Forbidden Reason = "forbidden"
	// Unauthenticated: the credentials were refused.
	Unauthenticated Reason = "unauthenticated"
	// Timeout: no answer in time.
	Timeout Reason = "timeout"
	// Truncated: the list ended before its end, so what was read is not all.
	Truncated Reason = "truncated"
	// Unreachable: the server could not be reached or broke off.
	Unreachable Reason = "unreachable"
	// Failed: the server answered with another error, or with something that could not be read.
	Failed Reason = "failed"
	// NotFound: the single object that the fact is about does not exist.
	NotFound Reason = "not-found"
	// LeftOut: the user asked to leave it out, such as by --no-gke. Checks that
	// need it are not applicable rather than undecided.
	LeftOut Reason = "left-out"
	// NotCollected: the recording holds nothing of it.
	NotCollected Reason = "not-collected"
	// EarlierVersion: the recording is of a version that did not know of the fact. What
	// needs it was not asked then, and is not applicable.
	EarlierVersion Reason = "earlier-version"
)

// Sought reports whether r is of a fact that was asked for, in vain; false for one that
// nobody asked for, and for the empty reason.
func (r Reason) Sought() bool {
	switch r {
	case Forbidden, Unauthenticated, Timeout, Truncated, Unreachable, Failed, NotFound:
		return true
	case LeftOut, NotCollected, EarlierVersion:
		return false
	}
	return false
}

// known reports whether r is one of the reasons.
func (r Reason) known() bool {
	return r.Sought() || r == LeftOut || r == NotCollected || r == EarlierVersion
}

// mayBeGivenFor reports whether f may be absent for that reason.
func (r Reason) mayBeGivenFor(f Fact) bool {
	switch r {
	case LeftOut:
		return MayBeLeftOut(f)
	case EarlierVersion:
		return f.isLater()
	case Forbidden, Unauthenticated, Timeout, Truncated, Unreachable, Failed, NotFound, NotCollected:
	}
	return true
}

// MayBeLeftOut reports whether there is a flag to leave f out by: without it the rest
// still says whether the control plane starts. What only a hand could have left out
// would hide a blocker.
func MayBeLeftOut(f Fact) bool {
	return len(f.Access().Permissions) > 0 || ReadsSecrets(f)
}

// ReadsSecrets reports whether f is read from Secrets, which only --helm does.
func ReadsSecrets(f Fact) bool { return f.ID() == HelmReleases.ID() || f.ID() == HelmCharts.ID() }

// An Absence says why a fact is not in a snapshot. The zero value means present.
type Absence struct {
	Reason Reason `json:"reason"`
	// Detail is the server's or the tool's own words; empty if the reason says it all.
	Detail string `json:"detail,omitempty"`
}

// String returns "reason: detail", or the empty string for the zero Absence.
func (a Absence) String() string {
	if a.Detail == "" {
		return string(a.Reason)
	}
	return fmt.Sprintf("%s: %s", a.Reason, a.Detail)
}
