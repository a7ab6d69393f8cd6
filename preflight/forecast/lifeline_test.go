package forecast

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// hooked is a cluster whose only webhook is on that resource.
func hooked(policy admissionregistrationv1.FailurePolicyType, timeout int32, group, resource string, conditions ...string) *facts.Snapshot {
	h := admissionregistrationv1.ValidatingWebhook{
		Name: "opa", FailurePolicy: &policy, TimeoutSeconds: &timeout,
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
		}},
		ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: "opa"}},
	}
	for _, e := range conditions {
		h.MatchConditions = append(h.MatchConditions, admissionregistrationv1.MatchCondition{Name: "c", Expression: e})
	}
	return facts.New(facts.Meta{Target: "1.36.3"},
		facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"}),
		facts.Present(facts.APIResources, []facts.APIResource{}),
		facts.Present(facts.Namespaces, []facts.Namespace{}),
		facts.Present(facts.Nodes, []facts.Node{{Name: "n1"}}),
		facts.Present(facts.Services, []facts.Service{{Namespace: "opa", Name: "opa", Ports: []facts.ServicePort{{Port: 443}}}}), facts.Present(facts.BackendPods, []facts.Pod{}),
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: "opa"}, Webhooks: []admissionregistrationv1.ValidatingWebhook{h},
		}}),
		facts.Present(facts.MutatingWebhooks, []admissionregistrationv1.MutatingWebhookConfiguration{}),
		facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{}),
		facts.Present(facts.ValidatingPolicyBindings, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{}),
		facts.Present(facts.MutatingPolicies, []admissionregistrationv1.MutatingAdmissionPolicy{}),
		facts.Present(facts.MutatingPolicyBindings, []admissionregistrationv1.MutatingAdmissionPolicyBinding{}),
		facts.Present(facts.PolicyParams, []facts.ParamKind{}),
	)
}

func answering(write string, a facts.Answer, ms int64, as string) facts.Observation {
	return facts.Present(facts.Attempts, []facts.Attempt{{
		Type: "Validating", Config: "opa", Webhook: "opa", Write: write, As: as, Vantage: facts.PodNetwork, Target: "opa/opa:443", Answer: a, Milliseconds: ms, Detail: "said so",
	}})
}

// sentBeside are the answers and that the webhook was found to be sent an object that the
// write stands for.
func sentBeside(answers facts.Observation, write, as string) facts.Observation {
	return facts.Present(facts.Attempts, append(answers.Value.([]facts.Attempt), facts.Attempt{
		Type: "Validating", Config: "opa", Webhook: "opa", Write: write, As: as, Vantage: facts.Evaluated, Answer: facts.NotAsked, Shown: "Pod kube-system/kube-dns-1",
	}))
}

func TestLifelines(t *testing.T) {
	const (
		open, closed = admissionregistrationv1.Ignore, admissionregistrationv1.Fail
		leases       = "coordination.k8s.io"
		renews       = "object.spec.?renewTime != oldObject.spec.?renewTime"
		takesOver    = "object.spec.holderIdentity != oldObject.spec.holderIdentity"
		renewal      = "UPDATE leases.coordination.k8s.io kube-node-lease/n1"
		dns          = "CREATE pods kube-system/kube-dns"
		replicaSets  = "system:serviceaccount:kube-system:replicaset-controller"
		ofObject     = "object.metadata.annotations.?seen.orValue('') == 'yes'"
	)
	hung := answering("CREATE clusterroles.rbac.authorization.k8s.io a", facts.Hung, 10000, "")
	for name, c := range map[string]struct {
		s       *facts.Snapshot
		line    string
		outcome Fate
		atWorst Fate
		reason  string
	}{
		"hung as long as a kubelet waits":        {hooked(open, 10, leases, "leases").With(hung), "node leases", Lost, "", "1 write of node leases held up beyond the client's 10s by ValidatingWebhookConfiguration opa, failurePolicy Ignore, which does not answer in time"},
		"hung for longer than a kubelet waits":   {hooked(open, 30, leases, "leases").With(hung), "node leases", Lost, "", "held up beyond"},
		"hung for less than a kubelet waits":     {hooked(open, 9, leases, "leases").With(hung), "node leases", Slowed, "", "held up by"},
		"hung as long as a leader waits":         {hooked(open, 5, leases, "leases").With(hung), "leader election of kube-scheduler", Lost, "", "beyond the client's 5s"},
		"hung for less than a leader waits":      {hooked(open, 4, leases, "leases").With(hung), "leader election of kube-scheduler", Slowed, "", "held up by"},
		"hung, and nobody waits":                 {hooked(open, 10, "", "pods").With(hung), "pods of kube-system", Slowed, "", "held up by"},
		"hung and fails closed":                  {hooked(closed, 3, leases, "leases").With(hung), "node leases", Lost, "", "rejected by"},
		"hung elsewhere":                         {hooked(open, 10, "", "pods").With(hung), "node leases", Kept, "", ""},
		"hung, with the nodes exempted":          {hooked(closed, 10, leases, "leases", "!('system:nodes' in request.userInfo.groups)").With(hung), "node leases", Kept, "", ""},
		"hung, and others than nodes exempted":   {hooked(closed, 10, leases, "leases", "'system:nodes' in request.userInfo.groups").With(hung), "leader election of kube-scheduler", Kept, "", ""},
		"hung on what renews a lease":            {hooked(closed, 10, leases, "leases", renews).With(hung), "node leases", Lost, "", "rejected by"},
		"hung on what leaves it as it is":        {hooked(closed, 10, leases, "leases", "!("+renews+")").With(hung), "node leases", Kept, "", ""},
		"hung on new holders, not on nodes":      {hooked(closed, 10, leases, "leases", takesOver).With(hung), "node leases", Kept, "", ""},
		"hung on new holders, as leaders are":    {hooked(closed, 10, leases, "leases", takesOver).With(hung), "leader election of kube-scheduler", Lost, "", "1 write of leader election of kube-scheduler rejected by"},
		"hung, and the authorizer exempts":       {hooked(closed, 10, leases, "leases", "authorizer.group('').resource('pods').check('get').allowed()").With(hung), "node leases", Open, Lost, "1 write of node leases undecided by"},
		"healthy, and the authorizer exempts":    {hooked(closed, 10, leases, "leases", "authorizer.group('').resource('pods').check('get').allowed()").With(answering(renewal, facts.Allowed, 3, "system:node:n1")), "node leases", Kept, "", ""},
		"healthy":                                {hooked(closed, 10, leases, "leases").With(answering(renewal, facts.Allowed, 3, "system:node:n1")), "node leases", Kept, "", ""},
		"healthy and slow":                       {hooked(closed, 10, leases, "leases").With(answering(renewal, facts.Allowed, 2000, "system:node:n1")), "node leases", Slowed, "", "allows in 2000 ms"},
		"denied":                                 {hooked(open, 10, leases, "leases").With(answering(renewal, facts.Denied, 3, "system:node:n1")), "node leases", Lost, "", "denies"},
		"denied to a sketch":                     {hooked(closed, 10, "", "pods").With(answering(dns, facts.Denied, 3, replicaSets)), "pods of kube-system", Open, Lost, "undecided by"},
		"hung, and sent some objects":            {hooked(closed, 3, "", "pods", ofObject).With(hung), "pods of kube-system", Open, Lost, "undecided by"},
		"hung, and sent one that is there":       {hooked(closed, 3, "", "pods", ofObject).With(sentBeside(hung, dns, replicaSets)), "pods of kube-system", Lost, "", "rejected by"},
		"denied to another, and sent one":        {hooked(closed, 3, "", "pods", ofObject).With(sentBeside(answering(dns, facts.Denied, 3, replicaSets), dns, replicaSets)), "pods of kube-system", Open, Lost, "undecided by"},
		"not asked, fails closed":                {hooked(closed, 3, leases, "leases"), "node leases", Open, Lost, "was not asked"},
		"not asked, fails open too late":         {hooked(open, 10, leases, "leases"), "node leases", Open, Lost, "was not asked"},
		"not asked, and may deny failing open":   {hooked(open, 3, leases, "leases"), "node leases", Open, Lost, "was not asked"},
		"webhooks unread":                        {hooked(open, 3, "", "pods").With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), "node leases", Open, Lost, "could not read mutating-webhooks (forbidden: no)"},
		"webhooks unread, and lost for certain":  {hooked(closed, 3, leases, "leases").With(hung).With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), "node leases", Lost, "", "rejected by"},
		"webhooks unread, and denied":            {hooked(open, 10, leases, "leases").With(answering(renewal, facts.Denied, 3, "system:node:n1")).With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), "node leases", Open, Lost, "could not read mutating-webhooks (forbidden: no), which may change the object before"},
		"webhooks unread, hung, and sent one":    {hooked(closed, 3, "", "pods", ofObject).With(sentBeside(hung, dns, replicaSets)).With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), "pods of kube-system", Open, Lost, "undecided by"},
		"validating unread, and denied":          {hooked(open, 10, leases, "leases").With(answering(renewal, facts.Denied, 3, "system:node:n1")).With(facts.Absent(facts.ValidatingPolicies, facts.Forbidden, "no")), "node leases", Lost, "", "denies"},
		"hung on reviews":                        {hooked(closed, 3, "*", "*").With(hung), "reviews by kubelets", Lost, "", "rejected by"},
		"hung on reviews that webhooks are past": {retargeted(hooked(closed, 3, "*", "*").With(hung, running("v1.37.0")), "1.37.2"), "reviews by kubelets", Kept, "", ""},
		"hung on reviews until 1.37 runs":        {retargeted(hooked(closed, 3, "*", "*").With(hung, running("v1.36.3")), "1.37.2"), "reviews by kubelets", Lost, "", "rejected by"},
		"hung on reviews while 1.36 is emulated": {retargeted(hooked(closed, 3, "*", "*").With(hung, facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.37.0", Emulated: "1.36"})), "1.37.2"), "reviews by kubelets", Lost, "", "rejected by"},
		"hung on the backend's own pods":         {hooked(closed, 3, "", "pods").With(hung), "pods of namespace opa", Lost, "", "rejected by"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, l := range Of(c.s).Lifelines {
				if l.Name != c.line {
					continue
				}
				if l.Outcome != c.outcome || l.AtWorst != c.atWorst || !strings.Contains(l.Reason, c.reason) || (c.reason == "") != (l.Reason == "") {
					t.Errorf("%s, at worst %q: %s; want %s, at worst %q: %s", l.Outcome, l.AtWorst, l.Reason, c.outcome, c.atWorst, c.reason)
				}
				return
			}
			t.Errorf("there is no line %q", c.line)
		})
	}
}

func running(version string) facts.Observation {
	return facts.Present(facts.ServerVersion, facts.Version{GitVersion: version})
}

func retargeted(s *facts.Snapshot, target string) *facts.Snapshot {
	meta := s.Meta
	meta.Target = target
	return s.WithMeta(meta)
}

// A write that is lost is of the node pools of its Pods, whatever else could not be read;
// where it is open for want of that, and where nothing is lost, of none in particular.
func TestLifelinePools(t *testing.T) {
	groups := facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "web", Kind: "Deployment", Name: "web", Pools: map[string]int32{"a": 2}}})
	lost := hooked(admissionregistrationv1.Fail, 3, "", "pods/eviction").With(groups, answering("CREATE clusterroles.rbac.authorization.k8s.io a", facts.Hung, 10000, ""))
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		want string
	}{
		"lost":                      {lost, "a"},
		"lost, and webhooks unread": {lost.With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), "a"},
		"open":                      {lost.With(facts.Present(facts.Attempts, []facts.Attempt{})), "a"},
		"open, and webhooks unread": {lost.With(facts.Present(facts.Attempts, []facts.Attempt{}), facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), ""},
		"lost, and Pods unread":     {lost.With(facts.Absent(facts.PodGroups, facts.Forbidden, "no")), ""},
		"kept":                      {lost.With(facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{})), ""},
	} {
		for _, l := range Of(c.s).Lifelines {
			if l.Name != "evictions" {
				continue
			}
			if got := strings.Join(l.Writes[0].Pools, ", "); got != c.want {
				t.Errorf("%s: %s is of %q, want %q", name, l.Writes[0].Resource, got, c.want)
			}
		}
	}
}
