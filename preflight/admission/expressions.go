package admission

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// reads says what CEL expressions read that a snapshot may not hold. It is found
// in their text: what merely looks like reading counts as reading.
type reads struct {
	user, authorizer, options bool
	// identity is more of the user than name and groups.
	identity                 bool
	namespace, moreNamespace bool
	// partial is what a snapshot holds of live objects only in part, or not, and set what it
	// holds of none, for the API server sets it.
	partial, set bool
	// object is more of the objects than what identifies them, labels theirs, and name
	// theirs.
	object, labels, name bool
	// node is a certain node as the user, agent a certain service agent.
	node, agent bool
	// group is spec.group, which of a CustomResourceDefinition its name tells.
	group bool
	// holder is who holds a lease, but for whether it is the same before and after.
	holder bool
	// shipped is a name or a group in another way than whether it is one that neither
	// Google nor Kubernetes ships definitions under: see [Ships].
	shipped bool
	// whichNamespace is the namespace beyond names that it is held against: see
	// [NamespaceRead].
	whichNamespace bool
}

var (
	// plannedUser is what a write is planned with of its user.
	plannedUser       = regexp.MustCompile(`\buserInfo\s*\.\s*\??\s*(username|groups)\b`)
	optionsExpression = regexp.MustCompile(`\brequest\s*\.\s*options\b`)
	partialExpression = regexp.MustCompile(`\b(annotations|ownerReferences|managedFields)\b`)
	// setExpression is what the API server sets itself in metadata.
	setExpression    = regexp.MustCompile(`\bmetadata\s*\.\s*\??(resourceVersion|uid|creationTimestamp)\b`)
	labelsExpression = regexp.MustCompile(`\blabels\b`)
	objectExpression = regexp.MustCompile(`\b(object|oldObject)\b`)
	// sketchedObject is what a sketch holds.
	sketchedObject  = regexp.MustCompile(`\b(object|oldObject)\s*(\.\s*metadata\s*\.\s*(name|namespace)\b|\.\s*(kind|apiVersion)\b|[!=]=\s*null\b)`)
	nameExpression  = regexp.MustCompile(`\brequest\s*\.\s*name\b|\b(object|oldObject)\s*\.\s*(metadata|target)\s*\.\s*name\b`)
	nodeExpression  = regexp.MustCompile(`\bsystem:node:[^'"\s]`)
	agentExpression = regexp.MustCompile(`\bservice-\d`)
	// sameHolder tells a renewal of a lease from a takeover, whoever it is.
	sameHolder      = regexp.MustCompile(`(?m)(^|[(!&|?:,])\s*(object|oldObject)\s*\.\s*spec\s*\.\s*\??holderIdentity\s*[!=]=\s*(object|oldObject)\s*\.\s*spec\s*\.\s*\??holderIdentity\s*($|[)&|?:,])|\bhas\(\s*(object|oldObject)\s*\.\s*spec\s*\.\s*holderIdentity\s*\)`)
	groupExpression = regexp.MustCompile(`\b(object|oldObject)\s*\.\s*spec\s*\.\s*group\b`)
	// recordedNamespace is what namespaceObject is known by.
	recordedNamespace = regexp.MustCompile(`\bnamespaceObject\s*(\.\s*metadata\s*\.\s*name\b|\.\s*metadata\s*\.\s*\??labels\b|\.\s*status\s*\.\s*phase\b|[!=]=\s*null\b)`)
)

func readsOf(expressions ...string) reads {
	all := strings.Join(expressions, "\n")
	return reads{
		user:           strings.Contains(all, "userInfo"),
		identity:       strings.Contains(plannedUser.ReplaceAllString(all, ""), "userInfo"),
		authorizer:     strings.Contains(all, "authorizer"),
		options:        optionsExpression.MatchString(all),
		namespace:      strings.Contains(all, "namespaceObject"),
		moreNamespace:  strings.Contains(recordedNamespace.ReplaceAllString(all, ""), "namespaceObject"),
		partial:        partialExpression.MatchString(all),
		set:            setExpression.MatchString(all),
		object:         objectExpression.MatchString(groupExpression.ReplaceAllString(sketchedObject.ReplaceAllString(all, ""), "")),
		name:           nameExpression.MatchString(all),
		node:           nodeExpression.MatchString(all),
		agent:          agentExpression.MatchString(all),
		group:          groupExpression.MatchString(all),
		shipped:        ofShipped(all),
		labels:         labelsExpression.MatchString(recordedNamespace.ReplaceAllString(all, "")),
		holder:         strings.Contains(sameHolder.ReplaceAllString(all, ""), "holderIdentity"),
		whichNamespace: slices.ContainsFunc(namespaceReads(expressions...), func(r NamespaceRead) bool { return r.Open }),
	}
}

// undecided says what of the expressions can't be evaluated for r; empty if all can.
func (e reads) undecided(r *request, ns namespaces) string {
	inNamespace := r.GetNamespace() != "" && r.GetKind().Kind != "Namespace"
	switch {
	case e.user && r.userUnknown:
		return "an expression reads the user, and as whom the " + r.GetUserInfo().GetName() + " writes is not known"
	case e.authorizer && !r.privileged():
		return "an expression asks what " + r.GetUserInfo().GetName() + " may do, which a snapshot does not hold"
	case e.identity && !r.bare():
		return "an expression reads more of " + r.GetUserInfo().GetName() + " than name and groups, which a snapshot does not hold"
	case r.sketch && (e.object || e.group && !r.definitionOfGroup()):
		return "an expression reads more of the object than its name, which differs from one such write to the next"
	case e.name && r.oneOfMany() && !r.definitionOfGroup():
		return "an expression reads a name, which differs from one such write to the next"
	case r.unnamed && e.shipped:
		return "an expression reads the name or the group of a CustomResourceDefinition, and which the new version brings is not known"
	case e.node && strings.HasPrefix(r.GetUserInfo().GetName(), "system:node:"):
		return "an expression is about some nodes by their names, and others write the like"
	case e.agent && strings.HasPrefix(r.GetUserInfo().GetName(), "service-"):
		return "an expression is about the service agent of one project, and which is this one's is not known"
	case e.holder && r.GetResource().GroupResource() == leases:
		return "an expression reads who holds a lease, which each process that takes it draws anew, and each node has another"
	case (e.object || e.group) && r.changed != "":
		return r.changed
	case e.labels && r.labelsUnknown:
		return "an expression reads labels, which this recording does not hold of " + one(r.GetKind().Kind)
	case e.options:
		return "an expression reads request.options, which the plan of writes does not hold"
	case e.partial && r.GetOperation() != admission.Create && !r.live:
		return "an expression reads annotations, ownerReferences or managedFields, which a snapshot does not hold of live objects"
	case e.set && !r.live:
		return "an expression reads what the API server itself sets in metadata, which a snapshot does not hold"
	case inNamespace && e.moreNamespace:
		return "an expression reads more of namespaceObject than name, labels and phase, which a snapshot does not hold"
	case inNamespace && e.namespace && ns.absence != "":
		return "an expression reads namespaceObject; could not read namespaces (" + ns.absence + ")"
	case inNamespace && e.whichNamespace && ns.examples[r.GetNamespace()]:
		return "an expression goes by the namespace, and " + r.GetNamespace() + " stands for all that there may be"
	}
	return ""
}

// known says what of a write is, and not merely an example.
type known struct{ object, namespace, user bool }

func (m *Matcher) known(r *request) known {
	return known{object: !r.oneOfMany() && !r.labelsUnknown && r.changed == "", namespace: !m.namespaces.examples[r.GetNamespace()], user: !r.userUnknown}
}

// certainty makes a matcher of those matchConditions that everything is known
// for; nil if there are none.
type certainty func(known) matchconditions.Matcher

// certain compiles them at first use. One that reads params or variables does not
// compile here and is passed over.
func (m *Matcher) certain(all []admissionregistrationv1.MatchCondition) certainty {
	var mu sync.Mutex
	of := map[known]matchconditions.Matcher{}
	return func(k known) matchconditions.Matcher {
		mu.Lock()
		defer mu.Unlock()
		c, compiled := of[k]
		if !compiled {
			c = m.compile(all, k)
			of[k] = c
		}
		return c
	}
}

// compile takes those that read no more than what is known, and of the user no more than
// name and groups.
func (m *Matcher) compile(all []admissionregistrationv1.MatchCondition, k known) matchconditions.Matcher {
	var some []cel.ExpressionAccessor
	for _, c := range all {
		e := readsOf(c.Expression)
		if (e == reads{
			user: e.user && k.user, object: e.object && k.object, name: e.name && k.object, group: e.group && k.object, labels: e.labels && k.object,
			shipped: e.shipped && k.object, whichNamespace: e.whichNamespace && k.namespace,
		}) {
			some = append(some, (*matchconditions.MatchCondition)(&c))
		}
	}
	if some == nil {
		return nil
	}
	fail := admissionregistrationv1.Fail
	return matchconditions.NewMatcher(conditionCompiler().CompileCondition(some,
		cel.OptionalVariableDeclarations{HasAuthorizer: true}, environment.StoredExpressions), &fail, "", "", "")
}

// excluded reports whether one of the certain matchConditions is false, so that
// nothing else about the webhook or policy matters.
func (m *Matcher) excluded(ctx context.Context, certain certainty, r *request, kind schema.GroupVersionKind) bool {
	c := certain(m.known(r))
	if c == nil {
		return false
	}
	attributes, err := admission.NewVersionedAttributes(r, kind, m.objects)
	if err != nil {
		return false
	}
	result := c.Match(ctx, attributes, nil, m.authorizer)
	return result.Error == nil && !result.Matches
}
