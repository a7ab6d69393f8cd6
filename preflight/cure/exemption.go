package cure

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apiserver/pkg/authentication/user"
)

const apiServer = user.APIServerUser

// An exemption is who, or what, is to get past a webhook or policy.
type exemption struct {
	expressions []admissionregistrationv1.MatchCondition
	namespaces  []string
	names       []string
}

const (
	nodes    = "system:node:"
	joining  = "system:bootstrap:"
	accounts = "system:serviceaccount:"
)

// everywhere are what controllers make for everybody: without their pods, and what these are
// made from, a webhook on pods would see none.
var everywhere = []string{"pods", "replicasets.apps", "controllerrevisions.apps"}

// exemptionOf is the smallest one that covers the writes: leases and reviews by
// whomever, parts of the control plane and its controllers by name, nodes by their
// group, and what controllers make for everybody by the namespace that it goes to.
func exemptionOf(ws []write) exemption {
	var x exemption
	var groups, users []string
	self, leases, reviews := false, false, false
	for _, w := range ws {
		switch {
		case w.user == apiServer:
			self = true
		case w.resource == "leases.coordination.k8s.io":
			leases = true
		case strings.HasSuffix(w.resource, "reviews.authentication.k8s.io"), strings.HasSuffix(w.resource, "reviews.authorization.k8s.io"):
			reviews = true
		case strings.HasPrefix(w.user, nodes):
			groups = union(groups, "system:nodes")
		case strings.HasPrefix(w.user, joining):
			groups = union(groups, "system:bootstrappers")
		case strings.HasPrefix(w.user, accounts) && slices.Contains(everywhere, w.resource):
			x.namespaces = union(x.namespaces, namespacesOf([]write{w})...)
		default:
			users = union(users, w.user)
		}
	}
	slices.Sort(groups)
	slices.Sort(users)
	slices.Sort(x.namespaces)
	if self {
		x.add("not-the-api-server", fmt.Sprintf("request.userInfo.username != %q", apiServer), "the API server itself")
	}
	if leases {
		x.add("not-leases", `!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")`, "leases")
	}
	if reviews {
		x.add("not-reviews", `!(request.resource.group in ["authentication.k8s.io", "authorization.k8s.io"])`, "access reviews")
	}
	if groups != nil {
		x.add("not-nodes", memberOf(groups), "nodes")
	}
	if users != nil {
		x.add("not-the-control-plane", fmt.Sprintf("!(request.userInfo.username in [%s])", quoted(users)), "the control plane's "+short(users))
	}
	if x.namespaces != nil {
		x.names = append(x.names, "what is in "+strings.Join(x.namespaces, ", "))
	}
	return x
}

func (x *exemption) add(name, expression, words string) {
	x.expressions = append(x.expressions, admissionregistrationv1.MatchCondition{Name: name, Expression: expression})
	x.names = append(x.names, words)
}

func (x exemption) words() string { return joined(x.names) }

func joined(names []string) string {
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// short names some of the users, without what all of their names begin with: the patch
// has them all.
func short(users []string) string {
	const few = 3
	var names []string
	for _, u := range users {
		names = append(names, u[strings.LastIndex(u, ":")+1:])
	}
	if n := len(names) - few; n > 1 {
		return fmt.Sprintf("%s (and %d more)", strings.Join(names[:few], ", "), n)
	}
	return strings.Join(names, ", ")
}

func memberOf(groups []string) string {
	var parts []string
	for _, g := range groups {
		parts = append(parts, fmt.Sprintf("!(%q in request.userInfo.groups)", g))
	}
	return strings.Join(parts, " && ")
}

func quoted(names []string) string {
	var q []string
	for _, n := range names {
		q = append(q, fmt.Sprintf("%q", n))
	}
	return strings.Join(q, ", ")
}

// namespacesOf are those of the writes, in order, without what is no name of one.
func namespacesOf(ws []write) []string {
	var names []string
	for _, w := range ws {
		if len(validation.IsDNS1123Label(w.namespace)) == 0 {
			names = union(names, w.namespace)
		}
	}
	slices.Sort(names)
	return names
}
