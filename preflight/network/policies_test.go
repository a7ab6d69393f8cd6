package network

import (
	"testing"

	"sigs.k8s.io/yaml"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var (
	agent = End{Pod: facts.Pod{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "konnectivity-agent"}, IPs: []string{"10.4.0.2"}},
		NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}}
	backend = End{Pod: facts.Pod{Namespace: "opa", Labels: map[string]string{"app": "opa"}, IPs: []string{"10.4.1.7"},
		Containers: []facts.Container{{Ports: map[string]int32{"https": 8443}}}}}
)

// TestIngress is the table of networking.k8s.io/v1's ingress semantics.
func TestIngress(t *testing.T) {
	onHost := agent
	onHost.Pod.HostNetwork = true
	hostBackend := backend
	hostBackend.Pod.HostNetwork = true
	for _, c := range []struct {
		name     string
		specs    []string
		from, to End
		want     Answer
	}{
		{"no policy", nil, agent, backend, Allowed},
		{"default deny", []string{`{podSelector: {}}`}, agent, backend, Denied},
		{"default deny by type", []string{`{podSelector: {}, policyTypes: [Ingress]}`}, agent, backend, Denied},
		{"about egress only", []string{`{podSelector: {}, policyTypes: [Egress]}`}, agent, backend, Allowed},
		{"another pod is selected", []string{`{podSelector: {matchLabels: {app: web}}}`}, agent, backend, Allowed},
		{"selected by an expression", []string{`{podSelector: {matchExpressions: [{key: app, operator: In, values: [opa, web]}]}}`}, agent, backend, Denied},
		{"a rule without peers and ports is for all", []string{`{podSelector: {}, ingress: [{}]}`}, agent, backend, Allowed},
		{"a pod selector is of the policy's own namespace", []string{`{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}`}, agent, backend, Denied},
		{"every namespace", []string{`{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}`}, agent, backend, Allowed},
		{"its namespace", []string{`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}]}`}, agent, backend, Allowed},
		{"its namespace, another pod", []string{`{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: dns}}}]}]}`}, agent, backend, Denied},
		{"two peers are either", []string{`{podSelector: {}, ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}]}]}`}, agent, backend, Allowed},
		{"two policies add up", []string{`{podSelector: {}}`, `{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}`}, agent, backend, Allowed},
		{"its address", []string{`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.4.0.0/14}}]}]}`}, agent, backend, Depends},
		{"its address excepted", []string{`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.4.0.0/14, except: [10.4.0.0/24]}}]}]}`}, agent, backend, Denied},
		{"another address", []string{`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.8.0.0/14}}]}]}`}, agent, backend, Denied},
		{"the pod's port", []string{`{podSelector: {}, ingress: [{ports: [{port: 8443}]}]}`}, agent, backend, Allowed},
		{"the service's port", []string{`{podSelector: {}, ingress: [{ports: [{port: 443}]}]}`}, agent, backend, Denied},
		{"UDP", []string{`{podSelector: {}, ingress: [{ports: [{port: 8443, protocol: UDP}]}]}`}, agent, backend, Denied},
		{"any TCP port", []string{`{podSelector: {}, ingress: [{ports: [{protocol: TCP}]}]}`}, agent, backend, Allowed},
		{"a name", []string{`{podSelector: {}, ingress: [{ports: [{port: https}]}]}`}, agent, backend, Allowed},
		{"another name", []string{`{podSelector: {}, ingress: [{ports: [{port: metrics}]}]}`}, agent, backend, Denied},
		{"in the range", []string{`{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8443}]}]}`}, agent, backend, Allowed},
		{"beyond the range", []string{`{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8442}]}]}`}, agent, backend, Denied},
		{"the agent is in its node's network", []string{`{podSelector: {}}`}, onHost, backend, Depends},
		{"that is allowed to everyone", []string{`{podSelector: {}, ingress: [{}]}`}, onHost, backend, Allowed},
		{"the backend is in its node's network", []string{`{podSelector: {}}`}, agent, hostBackend, Allowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := Ingress(policies(t, "opa", c.specs), c.from, c.to, 8443); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if got, _ := Ingress(policies(t, "elsewhere", c.specs), c.from, c.to, 8443); got != Allowed {
				t.Errorf("in another namespace it is %d", got)
			}
		})
	}
}

// TestEgress: a policy is about egress where it says so or has such rules, and
// the named port is that of the Pod at the other end.
func TestEgress(t *testing.T) {
	for name, c := range map[string]struct {
		spec string
		want Answer
	}{
		"ingress only":    {`{podSelector: {}}`, Allowed},
		"default deny":    {`{podSelector: {}, policyTypes: [Egress]}`, Denied},
		"by its rules":    {`{podSelector: {}, egress: [{ports: [{port: 53}]}]}`, Denied},
		"types win":       {`{podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 53}]}]}`, Allowed},
		"everywhere":      {`{podSelector: {}, egress: [{}]}`, Allowed},
		"to a named port": {`{podSelector: {}, egress: [{to: [{namespaceSelector: {}}], ports: [{port: https}]}]}`, Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			got, isolating := Egress(policies(t, "kube-system", []string{c.spec}), agent, backend, 8443)
			if got != c.want || (got == Denied) != (len(isolating) == 1) && got == Denied {
				t.Errorf("got %d by %v, want %d", got, isolating, c.want)
			}
		})
	}
}

func policies(t *testing.T, namespace string, specs []string) (out []facts.NetworkPolicy) {
	t.Helper()
	for _, text := range specs {
		var spec networkingv1.NetworkPolicySpec
		if err := yaml.UnmarshalStrict([]byte(text), &spec); err != nil {
			t.Fatal(err)
		}
		out = append(out, facts.NetworkPolicy{Namespace: namespace, Name: "p", Spec: spec})
	}
	return out
}
