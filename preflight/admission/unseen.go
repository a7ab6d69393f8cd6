package admission

import (
	"cmp"
	"fmt"

	"k8s.io/apiserver/pkg/admission"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// unseenChanges says what could not be read and may change what is written; empty where
// nothing may. A policy changes nothing without a binding.
func unseenChanges(s *facts.Snapshot) string {
	unread := func(f facts.Fact) string {
		if a, absent := s.Absence(f); absent && a.Reason.Sought() {
			return fmt.Sprintf("could not read %s (%s), which may change the object before", f.ID(), a)
		}
		return ""
	}
	policies, isRead := facts.MutatingPolicies.Get(s)
	bindings, areRead := facts.MutatingPolicyBindings.Get(s)
	none := isRead && len(policies) == 0 || areRead && len(bindings) == 0
	if why := cmp.Or(unread(facts.MutatingPolicies), unread(facts.MutatingPolicyBindings)); why != "" && !none {
		return why
	}
	return unread(facts.MutatingWebhooks)
}

// leaveOpen notes of writes that what could not be read may have changed them. What is
// deleted is changed by nobody.
func (m *Matcher) leaveOpen(after variants) {
	for _, r := range after {
		if m.unseen != "" && r.GetOperation() != admission.Delete {
			r.unseen, r.changed = m.unseen, cmp.Or(r.changed, m.unseen)
		}
	}
}
