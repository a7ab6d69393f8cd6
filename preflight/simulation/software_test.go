package simulation

import (
	"strings"
	"testing"
)

// configuration returns a configuration of one webhook; more are lines of it.
func configuration(kind, name string, more ...string) string {
	return "---\napiVersion: admissionregistration.k8s.io/v1\nkind: " + kind + "WebhookConfiguration\nmetadata: {name: " + name + "}\nwebhooks:\n" +
		"- name: " + name + ".example.org\n  clientConfig: {service: {namespace: " + name + ", name: " + name + "}}\n  sideEffects: None\n  admissionReviewVersions: [v1]\n  " +
		strings.Join(more, "\n  ") + "\n"
}

func everything(operations string) string {
	return `rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [` + operations + `], resources: ["*"]}]`
}

const (
	pods         = `rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]`
	own          = `rules: [{apiGroups: [own.example.org], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*/*"]}]`
	notOptedOut  = `namespaceSelector: {matchExpressions: [{key: policy.example.org/ignore, operator: DoesNotExist}, {key: kubernetes.io/metadata.name, operator: NotIn, values: [a]}]}`
	optedIn      = `namespaceSelector: {matchLabels: {mesh-injection: enabled}}`
	notSystem    = `namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}`
	asksForIt    = `objectSelector: {matchLabels: {mesh.example.org/inject: "true"}}`
	doesNotAsk   = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: a}\nspec: {template: {metadata: {labels: {app: a, mesh.example.org/inject: \"false\"}}}}\n"
	ownService   = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: a}\nspec: {selector: {app: a}, ports: [{port: 443}]}\n"
	asks         = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b, namespace: b}\nspec: {template: {metadata: {labels: {app: b, mesh.example.org/inject: \"true\"}}}}\n"
	meshed       = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {mesh-injection: enabled}}\n"
	impossible   = `namespaceSelector: {matchExpressions: [{key: mesh, operator: Exists}, {key: mesh, operator: DoesNotExist}]}`
	withoutRules = `failurePolicy: Fail`
)

const ofDefinitions = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: safe-upgrades}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [apiextensions.k8s.io], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [customresourcedefinitions]}]}
  validations: [{expression: "object.spec.group != 'own.example.org'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: safe-upgrades}
spec: {policyName: safe-upgrades, validationActions: [Deny]}
`

// TestSoftware judges webhooks as well-known kinds of software register them: what
// is harmless there is clear, and what is not known undecided.
func TestSoftware(t *testing.T) {
	for name, c := range map[string]struct {
		manifests string
		want      Verdict
	}{
		"a policy engine that fails open in time": {configuration("Mutating", "a", "failurePolicy: Ignore", "timeoutSeconds: 1", notOptedOut, everything("CREATE, UPDATE")) +
			configuration("Validating", "a", "failurePolicy: Ignore", "timeoutSeconds: 3", notOptedOut, everything("CREATE, UPDATE")), Clear},
		"one with both at 3 s": {configuration("Mutating", "a", "failurePolicy: Ignore", "timeoutSeconds: 3", notOptedOut, everything("CREATE, UPDATE")) +
			configuration("Validating", "a", "failurePolicy: Ignore", "timeoutSeconds: 3", notOptedOut, everything("CREATE, UPDATE")), Endangered},
		"one that fails closed outside kube-system":   {configuration("Validating", "a", notSystem, everything("'*'")), Endangered},
		"one that fails closed on deletions":          {configuration("Validating", "a", everything("DELETE")), Endangered},
		"an operator's own kinds":                     {configuration("Validating", "a", own), Clear},
		"a mesh, in namespaces that ask for it":       {configuration("Mutating", "a", optedIn, pods), Undecided},
		"the same, with such a namespace":             {configuration("Mutating", "a", optedIn, pods) + meshed, Endangered},
		"the same, in no namespace that there can be": {configuration("Mutating", "a", impossible, pods), Clear},
		"a mesh, of pods that ask for it":             {configuration("Mutating", "a", notSystem, asksForIt, pods), Undecided},
		"the same, with its own pods":                 {configuration("Mutating", "a", notSystem, asksForIt, pods) + ownService + doesNotAsk, Undecided},
		"the same, with an application that asks":     {configuration("Mutating", "a", notSystem, asksForIt, pods) + ownService + doesNotAsk + asks, Endangered},
		"a policy on definitions of one's own":        {ofDefinitions, Undecided},
		"an injector that fails open":                 {configuration("Mutating", "a", "failurePolicy: Ignore", pods), Clear},
		"an injector that fails closed":               {configuration("Mutating", "a", pods), Endangered},
		"a guard of evictions, which hangs":           {configuration("Validating", "a", `rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods/eviction]}]`), Endangered},
		"rules to be filled in":                       {configuration("Mutating", "a", withoutRules), NoEffect},
		"of two one without rules":                    {configuration("Mutating", "a", withoutRules) + configuration("Validating", "b", own), Clear},
	} {
		if sim := on(t, strings.TrimPrefix(c.manifests, "---\n")); sim.Verdict != c.want {
			t.Errorf("%s: %s, want %s, by %+v", name, sim.Verdict, c.want, sim.Harms)
		}
	}
}
