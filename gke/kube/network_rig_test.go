package kube_test

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// populateNetwork makes a policy in the backend's namespace, one in kube-system,
// one that is nobody's business, and an agent beside another pod of kube-system.
func populateNetwork(t *testing.T, c *rig.Cluster) {
	t.Helper()
	for _, namespace := range []string{"opa", "kube-system", "default"} {
		_, err := c.Client.NetworkingV1().NetworkPolicies(namespace).Create(t.Context(), &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "deny"}}, metav1.CreateOptions{})
		must(t, err)
	}
	_, err := c.Client.CoreV1().ServiceAccounts("kube-system").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
	must(t, err)
	for _, app := range []string{"konnectivity-agent", "kube-dns"} {
		_, err := c.Client.CoreV1().Pods("kube-system").Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: app, Labels: map[string]string{"k8s-app": app}},
			Spec: corev1.PodSpec{HostNetwork: true, Containers: []corev1.Container{{Name: "a", Image: "a",
				Ports: []corev1.ContainerPort{{Name: "admin", ContainerPort: 8093, HostPort: 8093}, {ContainerPort: 8092, HostPort: 8092}}}}},
		}, metav1.CreateOptions{})
		must(t, err)
	}
}

// examineNetwork: the API server has filled in the policies' types, and no other
// namespace's policy and no other pod was kept.
func examineNetwork(t *testing.T, s *facts.Snapshot) {
	t.Helper()
	var where []string
	for _, p := range facts.NetworkPolicies.Of(s) {
		where = append(where, p.Namespace+"/"+p.Name)
		if !slices.Equal(p.Spec.PolicyTypes, []networkingv1.PolicyType{"Ingress"}) {
			t.Errorf("%s is about %v", p.Name, p.Spec.PolicyTypes)
		}
	}
	if slices.Sort(where); !slices.Equal(where, []string{"kube-system/deny", "opa/deny"}) {
		t.Errorf("the network policies are %v", where)
	}
	agents := facts.KonnectivityAgents.Of(s)
	if len(agents) != 1 || agents[0].Name != "konnectivity-agent" || !agents[0].HostNetwork || len(agents[0].Containers[0].Ports) != 1 || agents[0].Containers[0].Ports["admin"] != 8093 {
		t.Errorf("the agents are %+v", agents)
	}
	if others := facts.OtherNetworkPolicies.Of(s); others == nil || len(others) > 0 {
		t.Errorf("other policies are %+v", others)
	}
}
