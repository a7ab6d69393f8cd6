package simulation

import (
	"fmt"
	"strings"
	"testing"
)

const (
	evictions = `rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods/eviction]}]`
	deletions = `rules: [{apiGroups: [""], apiVersions: [v1], operations: [DELETE], resources: [pods]}]`
	budgets   = `rules: [{apiGroups: [policy], apiVersions: [v1], operations: [UPDATE], resources: [poddisruptionbudgets/status]}]`
	sets      = `rules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [statefulsets/status]}]`
	ofNames   = `namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, prod]}]}`
	ofLabel   = `namespaceSelector: {matchLabels: {env: prod}}`
)

// condition is a matchCondition of a webhook.
func condition(expressions ...string) string {
	var all []string
	for _, e := range expressions {
		all = append(all, fmt.Sprintf("{name: c%d, expression: %q}", len(all), e))
	}
	return "matchConditions: [" + strings.Join(all, ", ") + "]"
}

// TestNamespacesThatThereMayBe: without a recording, which namespaces there are is not
// known. A webhook or policy that goes by them is undecided, by an expression as by a
// namespaceSelector, unless it is the same for all, or for those that each cluster has.
func TestNamespacesThatThereMayBe(t *testing.T) {
	hook := func(lines ...string) string { return configuration("Validating", "a", lines...) }
	policy := func(operations, expression string) string {
		return strings.Replace(denying("", "pods", operations, expression), "failurePolicy: Ignore", "failurePolicy: Fail", 1)
	}
	for name, c := range map[string]struct {
		manifests string
		want      Verdict
	}{
		"one by name":          {hook(pods, condition("request.namespace == 'prod'")), Undecided},
		"one by the object's":  {hook(pods, condition("object.metadata.namespace == 'prod'")), Undecided},
		"the second of a list": {hook(deletions, condition("request.namespace in ['calico-system', 'prod']")), Undecided},
		"by the beginning":     {hook(evictions, condition("request.namespace.startsWith('team-')")), Undecided},
		"by a pattern":         {hook(evictions, condition("request.namespace.matches('^team-')")), Undecided},
		"all but one":          {hook(evictions, condition("request.namespace != 'default'")), Undecided},
		"kube-system, of which pods are drained, too": {hook(evictions, condition("request.namespace == 'kube-system'")), Undecided},
		"by name and by label":                        {hook(evictions, ofLabel, condition("request.namespace.startsWith('team-')")), Undecided},
		"by name, of those that its selector names":   {hook(evictions, ofNames, condition("request.namespace != 'shop'")), Undecided},
		"by its selector, which takes some of them":   {hook(evictions, "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, prod]}, {key: kubernetes.io/metadata.name, operator: NotIn, values: [shop]}]}"), Undecided},
		"its own":                            {hook(pods, condition("request.namespace == 'a'")), Endangered},
		"those of the manifest":              {hook(evictions, condition("request.namespace == 'shop'")) + meshed, Endangered},
		"another than those of the manifest": {hook(evictions, condition("request.namespace == 'prod'")) + meshed, Undecided},
		"a budget's":                         {hook(budgets, condition("request.namespace == 'prod'")), Undecided},
		"a budget's, by label":               {hook(budgets, ofLabel), Undecided},
		"a StatefulSet's":                    {hook(sets, condition("request.namespace == 'prod'")), Undecided},
		"a StatefulSet's, by label":          {hook(sets, ofLabel), Undecided},
		"a policy":                           {policy("DELETE", "request.namespace != 'prod'"), Undecided},
		"a policy, by label":                 {policy("DELETE", "!('guarded' in namespaceObject.metadata.labels)"), Undecided},

		"all but kube-system, failing open":      {hook("failurePolicy: Ignore", "timeoutSeconds: 1", pods, condition("request.namespace != 'kube-system'")), Clear},
		"all but kube-system":                    {hook(pods, condition("request.namespace != 'kube-system'")), Endangered},
		"those where no pods run":                {hook(pods, condition("request.namespace in ['kube-public', 'kube-node-lease']")), Clear},
		"one by name, and its selector others":   {hook(evictions, ofNames, condition("request.namespace == 'other'")), Clear},
		"one by name, and another user":          {hook(evictions, condition("request.namespace == 'prod'", "request.userInfo.username == 'other'")), Clear},
		"by a pattern, and another user":         {hook(evictions, condition("request.namespace.matches('^team-')", "request.userInfo.username == 'other'")), Clear},
		"one by name, and another resource":      {hook(everything("'*'"), condition("request.namespace == 'prod' && request.resource.resource == 'secrets'")), Clear},
		"a policy that lets the system pass":     {policy("CREATE", "request.namespace == 'prod' || request.userInfo.username.startsWith('system:')"), Clear},
		"a policy on there being any":            {policy("DELETE", "namespaceObject != null"), Clear},
		"a policy on kube-system's ConfigMaps":   {strings.Replace(policy("'*'", "request.namespace == 'kube-system'"), `"pods"`, `"configmaps"`, 1), Clear},
		"a policy of names that are let through": {policy("DELETE", "request.namespace in ['kube-system', 'prod'] || request.userInfo.username != 'other'"), Clear},
	} {
		sim := on(t, strings.TrimPrefix(c.manifests, "---\n"))
		if sim.Verdict != c.want {
			t.Errorf("%s: %s, want %s, by %+v", name, sim.Verdict, c.want, sim.Harms)
		}
		byExpression := strings.Contains(c.manifests, "amespace ") || strings.Contains(c.manifests, "amespace.") || strings.Contains(c.manifests, "namespaceObject")
		if told := strings.Contains(strings.Join(sim.Notes, "\n"), "--snapshot RECORDING"); told != (c.want == Undecided && byExpression) {
			t.Errorf("%s: %s, and the notes are %q", name, sim.Verdict, sim.Notes)
		}
	}
}
