package rehearsal

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	roleA = "UPDATE clusterroles.rbac.authorization.k8s.io a"
	roleB = "UPDATE clusterroles.rbac.authorization.k8s.io b"
	lease = "UPDATE leases.coordination.k8s.io kube-system/x"
	pod0  = "10.4.0.7:8443"
	pod1  = "10.4.0.8:8443"
	proxy = "hooks/w:443"
)

// standIn is that of a webhook with two endpoints that was seen to answer so.
func standIn(t *testing.T, attempts ...facts.Attempt) *StandIn {
	t.Helper()
	for n := range attempts {
		if attempts[n].Vantage != facts.ServerDryRun {
			attempts[n].Type, attempts[n].Config, attempts[n].Webhook = "Validating", "w", "w.example.org"
		}
	}
	s := facts.New(facts.Meta{PerEndpoint: true},
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: "w"},
			Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "w.example.org", ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{Namespace: "hooks", Name: "w"}}}},
		}}),
		facts.Present(facts.Services, []facts.Service{{Namespace: "hooks", Name: "w", ClusterIPs: []string{"10.0.0.9"}, Ports: []facts.ServicePort{{Port: 443, TargetPort: "8443"}}}}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: "hooks", Service: "w", Endpoints: []facts.Endpoint{
			{IP: "10.4.0.7", Port: 8443, Ready: true, Pod: "w-0"}, {IP: "10.4.0.8", Port: 8443, Ready: true, Pod: "w-1"}}}}),
		facts.Present(facts.Attempts, attempts))
	all := StandIns(s)
	if len(all) != 1 || len(all[0].Endpoints) != 2 {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

// TestStandIns: a stand-in that answers otherwise than the backend was seen to makes the
// rehearsal one of another cluster.
func TestStandIns(t *testing.T) {
	at := func(target, write string, answer facts.Answer) facts.Attempt {
		return facts.Attempt{Vantage: facts.PodNetwork, Target: target, Write: write, Answer: answer}
	}
	dryRun := facts.Attempt{Vantage: facts.ServerDryRun, Write: roleA, As: "system:apiserver", Answer: facts.Allowed}
	asNode := at(pod0, lease, facts.Denied)
	asNode.As = "system:node:n"
	for name, c := range map[string]struct {
		attempts        []facts.Attempt
		write, endpoint string
		want            facts.Answer
		assumed         bool
	}{
		"each endpoint answers for itself":           {[]facts.Attempt{at(pod0, roleA, facts.Allowed), at(pod1, roleA, facts.Denied)}, roleA, pod1, facts.Denied, false},
		"a refusal is the endpoint's":                {[]facts.Attempt{at(pod0, roleA, facts.Allowed), at(pod1, roleA, facts.Refused)}, lease, pod1, facts.Refused, false},
		"a denial is the write's":                    {[]facts.Attempt{at(pod0, roleA, facts.Denied), at(pod0, roleB, facts.Allowed)}, roleB, pod0, facts.Allowed, false},
		"one alike answers for another":              {[]facts.Attempt{at(pod0, roleA, facts.Allowed)}, roleB, pod0, facts.Allowed, false},
		"one of another group does not":              {[]facts.Attempt{at(pod0, roleA, facts.Denied)}, lease, pod0, facts.Allowed, true},
		"what another user met does not count":       {[]facts.Attempt{asNode}, lease, pod0, facts.Allowed, true},
		"behind the proxy all fail alike":            {[]facts.Attempt{at(proxy, roleA, facts.Hung)}, lease, pod1, facts.Hung, false},
		"behind the proxy one fails: the first":      {[]facts.Attempt{at(proxy, roleA, facts.Hung), at(proxy, roleB, facts.Allowed)}, roleB, pod0, facts.Hung, false},
		"behind the proxy one fails: not the second": {[]facts.Attempt{at(proxy, roleA, facts.Hung), at(proxy, roleB, facts.Allowed)}, roleB, pod1, facts.Allowed, false},
		"a dry-run went through it":                  {[]facts.Attempt{dryRun, at(pod0, roleA, facts.CouldNotAsk)}, roleA, pod0, facts.Allowed, false},
		"nobody has asked":                           {nil, roleA, pod0, facts.Allowed, true},
	} {
		if got := standIn(t, c.attempts...).To(c.write, c.endpoint); got.Answer != c.want || (got.Assumed != "") != c.assumed {
			t.Errorf("%s: %s, assumed %q", name, got.Answer, got.Assumed)
		}
	}
}
