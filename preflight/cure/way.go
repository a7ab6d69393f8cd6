package cure

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A Way is how a patch keeps a webhook or policy out of the upgrade's way.
type Way string

const (
	// MatchConditions exempt those who write, by name or group, and leave the rest
	// as it is. The pods that controllers make are exempted by their namespace:
	// exempting the controllers would let everybody's pods past.
	MatchConditions Way = "match-conditions"
	// Rules name the kinds that the policy is about instead of all.
	Rules Way = "rules"
	// Namespaces are left out by the namespaceSelector, which exempts nothing that
	// has no namespace.
	Namespaces Way = "namespaces"
	// Timeout makes a webhook that fails open give up sooner.
	Timeout Way = "timeout"
	// FailurePolicy lets pass what can't be called or evaluated, for everybody.
	FailurePolicy Way = "failure-policy"
)

// Ways are all ways, the best first.
func Ways() []Way { return []Way{MatchConditions, Rules, Namespaces, Timeout, FailurePolicy} }

// mostConditions is how many matchConditions a webhook or policy may have
// (kubernetes pkg/apis/admissionregistration/validation, maxMatchConditions).
const mostConditions = 64

// A candidate is one thing to try: it changes a part, or says why it can't.
type candidate struct {
	way Way
	// does says in words what it does.
	does   string
	change func(*part) (why string)
}

// candidates are what can be tried against t, the best first: what the user says
// that it is for, and then as [Ways] has them.
func candidates(s *facts.Snapshot, t trouble, o Options) []candidate {
	x := exemptionOf(t.writes)
	cs := []candidate{
		{MatchConditions, "exempts " + x.words(), x.conditions(s)},
		{Rules, "sees no more than " + kindsWords(o.Kinds[t.name]), rules(o.Kinds[t.name])},
		{Namespaces, "leaves out " + strings.Join(namespacesOf(t.writes), ", "), leaveOut(namespacesOf(t.writes))},
	}
	for _, seconds := range []int32{10, 5, 3, 2, 1} {
		cs = append(cs, candidate{Timeout, fmt.Sprintf("gives up after %d s", seconds), shorten(seconds)})
	}
	cs = append(cs, candidate{FailurePolicy, "lets pass what can't be judged", failOpen(0)})
	for _, seconds := range []int32{5, 3, 2, 1} {
		cs = append(cs, candidate{FailurePolicy, fmt.Sprintf("lets pass what can't be judged, and gives up after %d s", seconds), failOpen(seconds)})
	}
	if o.Kinds[t.name] != nil {
		cs[0], cs[1] = cs[1], cs[0]
	}
	return slices.DeleteFunc(cs, func(c candidate) bool { return o.Way != "" && c.way != o.Way })
}

// and is k with an exemption of what it still harms. What the exemption can't do
// is left undone.
func (k candidate) and(x exemption, s *facts.Snapshot) candidate {
	return candidate{k.way, k.does + ", and exempts " + x.words(), func(p *part) string {
		why := k.change(p)
		if why == "" {
			_ = x.conditions(s)(p)
		}
		return why
	}}
}

// conditions adds a matchCondition for each part of the exemption, and leaves
// out its namespaces.
func (x exemption) conditions(s *facts.Snapshot) func(*part) string {
	return func(p *part) string {
		if why := tooOld(s); why != "" {
			return why
		}
		if len(*p.conditions)+len(x.expressions) > mostConditions {
			return fmt.Sprintf("it has %d matchConditions, and may have no more than %d", len(*p.conditions), mostConditions)
		}
		all := slices.Clone(*p.conditions)
		for _, e := range x.expressions {
			e.Name = free(all, e.Name)
			all = append(all, e)
		}
		*p.conditions = all
		if x.namespaces == nil {
			return ""
		}
		return leaveOut(x.namespaces)(p)
	}
}

// tooOld says why the running API server may not know matchConditions; empty if
// it does.
func tooOld(s *facts.Snapshot) string {
	running, ok := facts.ServerVersion.Get(s)
	v, err := version.Parse(running.GitVersion)
	switch {
	case !ok || err != nil:
		return fmt.Sprintf("matchConditions need Kubernetes %s, and which version runs is not known", version.MatchConditions.Since)
	case !version.MatchConditions.In(running.GitVersion):
		return fmt.Sprintf("matchConditions need Kubernetes %s, and %s runs", version.MatchConditions.Since, v)
	}
	return ""
}

// free is name, or the first name-2, name-3 and so on that is not taken.
func free(all []admissionregistrationv1.MatchCondition, name string) string {
	taken := func(n string) bool {
		return slices.ContainsFunc(all, func(c admissionregistrationv1.MatchCondition) bool { return c.Name == n })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	return free
}

func leaveOut(namespaces []string) func(*part) string {
	return func(p *part) string {
		if len(namespaces) == 0 {
			return "what it harms has no namespace"
		}
		if p.selector == nil {
			return "it has no matchConstraints"
		}
		l := &metav1.LabelSelector{}
		if *p.selector != nil {
			l = (*p.selector).DeepCopy()
		}
		l.MatchExpressions = append(l.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpNotIn, Values: namespaces,
		})
		*p.selector = l
		return ""
	}
}

func shorten(seconds int32) func(*part) string {
	return func(p *part) string {
		switch {
		case p.timeout == nil:
			return "a policy has no timeout"
		case *p.failure == nil || **p.failure != admissionregistrationv1.Ignore:
			return "it fails closed: giving up sooner rejects sooner"
		case *p.timeout != nil && **p.timeout <= seconds || *p.timeout == nil && seconds >= 10:
			return "its timeout is that short already"
		}
		*p.timeout = &seconds
		return ""
	}
}

// failOpen sets failurePolicy to Ignore and, unless it is zero, the timeout.
func failOpen(seconds int32) func(*part) string {
	return func(p *part) string {
		if *p.failure != nil && **p.failure == admissionregistrationv1.Ignore {
			return "it fails open already"
		}
		if seconds > 0 && p.timeout == nil {
			return "a policy has no timeout"
		}
		ignore := admissionregistrationv1.Ignore
		*p.failure = &ignore
		if seconds > 0 {
			return shorten(seconds)(p)
		}
		return ""
	}
}
