package rig

import (
	"context"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// everything is a rule that holds for every request that admission sees.
func everything() []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
	}}
}

// Validate creates a ValidatingWebhookConfiguration of that name with one
// webhook, NAME.rig.test: on everything, without side effects, failing closed,
// 10 s, and then as adjust changes it. The API servers take it up within moments.
func (c *Cluster) Validate(ctx context.Context, name string, to admissionregistrationv1.WebhookClientConfig, adjust ...func(*admissionregistrationv1.ValidatingWebhook)) error {
	none := admissionregistrationv1.SideEffectClassNone
	w := admissionregistrationv1.ValidatingWebhook{
		Name: name + ".rig.test", ClientConfig: to, Rules: everything(), SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
	}
	for _, f := range adjust {
		f(&w)
	}
	_, err := c.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks:   []admissionregistrationv1.ValidatingWebhook{w},
	}, metav1.CreateOptions{})
	return err
}

// Mutate is [Cluster.Validate] for a MutatingWebhookConfiguration.
func (c *Cluster) Mutate(ctx context.Context, name string, to admissionregistrationv1.WebhookClientConfig, adjust ...func(*admissionregistrationv1.MutatingWebhook)) error {
	none := admissionregistrationv1.SideEffectClassNone
	w := admissionregistrationv1.MutatingWebhook{
		Name: name + ".rig.test", ClientConfig: to, Rules: everything(), SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
	}
	for _, f := range adjust {
		f(&w)
	}
	_, err := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(ctx, &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks:   []admissionregistrationv1.MutatingWebhook{w},
	}, metav1.CreateOptions{})
	return err
}
