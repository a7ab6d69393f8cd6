package admission

import (
	"cmp"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// reviews are the resources by which the API server is asked who someone is and
// what he may do. Policies never see them (kubernetes
// pkg/kubeapiserver/admission/exclusion/resources.go).
var reviews = []schema.GroupResource{
	{Group: "authentication.k8s.io", Resource: "selfsubjectreviews"},
	{Group: "authentication.k8s.io", Resource: "tokenreviews"},
	{Group: "authorization.k8s.io", Resource: "localsubjectaccessreviews"},
	{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"},
	{Group: "authorization.k8s.io", Resource: "selfsubjectrulesreviews"},
	{Group: "authorization.k8s.io", Resource: "subjectaccessreviews"},
}

// policyResources configure policies, which don't see them (k8s.io/apiserver
// pkg/admission/plugin/policy/generic/plugin.go, admissionResources).
var policyResources = []schema.GroupResource{
	{Group: admissionregistrationv1.GroupName, Resource: "validatingadmissionpolicies"},
	{Group: admissionregistrationv1.GroupName, Resource: "validatingadmissionpolicybindings"},
	{Group: admissionregistrationv1.GroupName, Resource: "mutatingadmissionpolicies"},
	{Group: admissionregistrationv1.GroupName, Resource: "mutatingadmissionpolicybindings"},
}

// passedBy returns the resources that webhooks and policies don't see, which may be
// more or fewer than the library that this package is built with leaves out. Until
// the upgrade is through, replicas of the version that runs answer, too: webhooks
// see what either version shows them, and what some version does where one of the
// two is not known.
func passedBy(s *facts.Snapshot) (webhooks, policies map[schema.GroupResource]bool) {
	webhooks, policies = map[schema.GroupResource]bool{}, map[schema.GroupResource]bool{}
	running, _ := facts.ServerVersion.Get(s)
	if version.SkipsReviews.In(s.Meta.Target) && version.SkipsReviews.In(cmp.Or(running.Emulated, running.GitVersion)) {
		for _, r := range reviews {
			webhooks[r] = true
		}
	}
	for _, rs := range [][]schema.GroupResource{reviews, policyResources} {
		for _, r := range rs {
			policies[r] = true
		}
	}
	return webhooks, policies
}
