package admission

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Objects that the API server returns carry their defaults; those from a
// manifest may not, and the functions that set them are not importable
// (kubernetes pkg/apis/admissionregistration/v1/defaults.go). A nil scope, port
// or path is read as its default where it is used. The functions below return
// copies: what a snapshot holds is never changed.

func defaultTo[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

func withDefaultsValidating(h admissionregistrationv1.ValidatingWebhook) *admissionregistrationv1.ValidatingWebhook {
	defaultTo(&h.FailurePolicy, admissionregistrationv1.Fail)
	defaultTo(&h.MatchPolicy, admissionregistrationv1.Equivalent)
	defaultTo(&h.NamespaceSelector, metav1.LabelSelector{})
	defaultTo(&h.ObjectSelector, metav1.LabelSelector{})
	defaultTo(&h.TimeoutSeconds, 10)
	return &h
}

func withDefaultsMutating(h admissionregistrationv1.MutatingWebhook) *admissionregistrationv1.MutatingWebhook {
	defaultTo(&h.FailurePolicy, admissionregistrationv1.Fail)
	defaultTo(&h.MatchPolicy, admissionregistrationv1.Equivalent)
	defaultTo(&h.NamespaceSelector, metav1.LabelSelector{})
	defaultTo(&h.ObjectSelector, metav1.LabelSelector{})
	defaultTo(&h.TimeoutSeconds, 10)
	defaultTo(&h.ReinvocationPolicy, admissionregistrationv1.NeverReinvocationPolicy)
	return &h
}

func withDefaultsMatch(m *admissionregistrationv1.MatchResources) *admissionregistrationv1.MatchResources {
	if m == nil {
		return nil
	}
	c := *m
	defaultTo(&c.MatchPolicy, admissionregistrationv1.Equivalent)
	defaultTo(&c.NamespaceSelector, metav1.LabelSelector{})
	defaultTo(&c.ObjectSelector, metav1.LabelSelector{})
	return &c
}

func withDefaultsValidatingPolicy(p admissionregistrationv1.ValidatingAdmissionPolicy) *admissionregistrationv1.ValidatingAdmissionPolicy {
	defaultTo(&p.Spec.FailurePolicy, admissionregistrationv1.Fail)
	p.Spec.MatchConstraints = withDefaultsMatch(p.Spec.MatchConstraints)
	return &p
}

func withDefaultsMutatingPolicy(p admissionregistrationv1.MutatingAdmissionPolicy) *admissionregistrationv1.MutatingAdmissionPolicy {
	defaultTo(&p.Spec.FailurePolicy, admissionregistrationv1.Fail)
	p.Spec.MatchConstraints = withDefaultsMatch(p.Spec.MatchConstraints)
	return &p
}
