package admission

import (
	"regexp"
	"strings"
)

// reads says what CEL expressions read that a snapshot may not hold. It is found
// in their text: what merely looks like reading counts as reading.
type reads struct {
	user, authorizer, options  bool
	namespace, beyondTheRecord bool
}

var (
	optionsExpression = regexp.MustCompile(`\brequest\s*\.\s*options\b`)
	// recordedNamespace is what namespaceObject is known by.
	recordedNamespace = regexp.MustCompile(`\bnamespaceObject\s*(\.\s*metadata\s*\.\s*name\b|\.\s*metadata\s*\.\s*\??labels\b|\.\s*status\s*\.\s*phase\b|[!=]=\s*null\b)`)
)

func readsOf(expressions ...string) reads {
	all := strings.Join(expressions, "\n")
	return reads{
		user:            strings.Contains(all, "userInfo"),
		authorizer:      strings.Contains(all, "authorizer"),
		options:         optionsExpression.MatchString(all),
		namespace:       strings.Contains(all, "namespaceObject"),
		beyondTheRecord: strings.Contains(recordedNamespace.ReplaceAllString(all, ""), "namespaceObject"),
	}
}

// undecided says what of the expressions can't be evaluated for r; empty if all can.
func (e reads) undecided(r *request, ns namespaces) string {
	inNamespace := r.GetNamespace() != "" && r.GetKind().Kind != "Namespace"
	switch {
	case e.authorizer && !r.privileged():
		return "an expression asks what " + r.GetUserInfo().GetName() + " may do, which a snapshot does not hold"
	case e.options:
		return "an expression reads request.options, which the plan of writes does not hold"
	case inNamespace && e.beyondTheRecord:
		return "an expression reads more of namespaceObject than name, labels and phase, which a snapshot does not hold"
	case inNamespace && e.namespace && ns.absence != "":
		return "an expression reads namespaceObject; could not read namespaces (" + ns.absence + ")"
	}
	return ""
}
