package manifest

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestShapes: manifests come in many shapes. What kubectl takes is taken, and what
// it would not, or what is no manifest, is said.
func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []Name
		says    string
	}{
		"one":                       {webhook, []Name{opa}, ""},
		"a chart":                   {"# a comment\n---\n" + webhook + "---\napiVersion: v1\nkind: Service\nmetadata: {name: opa}\n---\n" + policy, []Name{opa, p}, ""},
		"JSON":                      {asJSON, []Name{opa}, ""},
		"a stream of JSON":          {asJSON + "\n" + strings.Replace(asJSON, `"opa"`, `"two"`, 1), []Name{opa, {opa.Kind, "two"}}, ""},
		"a stream without a break":  {asJSON + strings.Replace(asJSON, `"opa"`, `"two"`, 1), []Name{opa, {opa.Kind, "two"}}, ""},
		"JSON by tabs":              {strings.ReplaceAll(asJSON, ", ", ",\n\t"), []Name{opa}, ""},
		"YAML after JSON":           {asJSON + "\n---\n" + policy, []Name{opa, p}, ""},
		"a flow mapping":            {"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: b}, spec: {policyName: p, validationActions: [Audit]}}", []Name{b}, ""},
		"a list":                    {`{"apiVersion": "v1", "kind": "List", "items": [` + asJSON + `]}`, []Name{opa}, ""},
		"a list of its kind":        {strings.Replace(`{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfigurationList", "items": [`+asJSON+`]}`, `"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", `, "", 1), []Name{opa}, ""},
		"a list in a list":          {`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [` + asJSON + `]}]}`, []Name{opa}, ""},
		"a list of nothing":         {"apiVersion: v1\nkind: List\nitems: []\n---\n" + webhook, []Name{opa}, ""},
		"items that are no list":    {"apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\nitems: {a: b}\n---\n" + webhook, []Name{opa}, ""},
		"comments alone":            {"---\n# one\n---\n\n# two\n---\n" + webhook, []Name{opa}, ""},
		"Windows":                   {strings.ReplaceAll(webhook+"---\n"+policy, "\n", "\r\n"), []Name{opa, p}, ""},
		"a byte order mark":         {"\ufeff" + webhook, []Name{opa}, ""},
		"UTF-16":                    {wide(webhook), []Name{opa}, ""},
		"anchors":                   {strings.Replace(webhook, `apiGroups: ["*"], apiVersions: ["*"]`, `apiGroups: &all ["*"], apiVersions: *all`, 1), []Name{opa}, ""},
		"a separator with a remark": {"--- # first\n" + webhook + "--- # second\n" + policy, []Name{opa, p}, ""},
		"the end of a document":     {webhook + "...\n---\n" + policy, []Name{opa, p}, ""},
		"as kubectl get prints it":  {strings.Replace(webhook, "{name: opa}", "{name: opa, uid: 7c1d, resourceVersion: \"12\", generation: 3, creationTimestamp: \"2026-01-01T00:00:00Z\", annotations: {a: b}}", 1), []Name{opa}, ""},
		"a name to be made":         {strings.Replace(webhook, "name: opa", "generateName: opa-", 1), []Name{{opa.Kind, "opa-"}}, ""},
		"as kubebuilder writes it":  {strings.Replace(webhook, "{name: opa}", "{name: opa, creationTimestamp: null}", 1), []Name{opa}, ""},
		"with a namespace":          {strings.Replace(webhook, "{name: opa}", "{name: opa, namespace: opa}", 1), []Name{opa}, ""},
		"with a caBundle":           {strings.Replace(webhook, `org/"}`, `org/", caBundle: Cg==}`, 1), []Name{opa}, ""},
		"twice":                     {webhook + "---\n" + webhook, []Name{opa}, ""},
		"a big one":                 {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  a: " + strings.Repeat("x", 1<<20) + "\n---\n" + webhook, []Name{opa}, ""},

		"nothing of ours":          {"apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", nil, "f.yaml holds no webhook configuration"},
		"empty":                    {"", nil, "f.yaml holds no webhook configuration"},
		"only comments":            {"# nothing\n---\n# at all\n", nil, "f.yaml holds no webhook configuration"},
		"a typo":                   {strings.Replace(webhook, "sideEffects", "sideEffect", 1), nil, `document 1: ValidatingWebhookConfiguration opa: unknown field "webhooks[0].sideEffect"`},
		"a field in other case":    {strings.Replace(webhook, "webhooks:", "Webhooks:", 1), nil, `unknown field "Webhooks"`},
		"a field of another kind":  {strings.Replace(webhook, "sideEffects: None", "timeoutSeconds: soon", 1), nil, "timeoutSeconds"},
		"a placeholder":            {strings.Replace(webhook, `org/"}`, `org/", caBundle: "<CA>"}`, 1), nil, "clientConfig.caBundle is no base64"},
		"a key twice":              {strings.Replace(webhook, "metadata:", "kind: ValidatingWebhookConfiguration\nmetadata:", 1), nil, `"kind" already set`},
		"a key twice, elsewhere":   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n---\n" + webhook, []Name{opa}, ""},
		"a key twice, in JSON":     {strings.Replace(asJSON, `"sideEffects": "None"`, `"sideEffects": "None", "sideEffects": "Some"`, 1), nil, `duplicate field "webhooks[0].sideEffects"`},
		"no name":                  {strings.Replace(webhook, "{name: opa}", "{}", 1), nil, "metadata.name: Required value"},
		"no kind":                  {strings.Replace(webhook, "kind:", "Kind:", 1), nil, "document 1 has no kind"},
		"no type":                  {"a: b\n", nil, "document 1 has no apiVersion and no kind"},
		"not YAML":                 {"a: [", nil, "f.yaml: document 1 can't be read as YAML: "},
		"words":                    {"hello\n", nil, "document 1 is no Kubernetes object"},
		"an array":                 {"[" + asJSON + "]", nil, "document 1 is no Kubernetes object"},
		"JSON, cut":                {asJSON + asJSON[:40], nil, "after 1 object comes what is no JSON"},
		"another kind of group":    {"apiVersion: admissionregistration.k8s.io/v1\nkind: Quota\nmetadata: {name: q}\n", nil, "kind Quota of admissionregistration.k8s.io/v1 is not known"},
		"an old version":           {strings.Replace(webhook, "/v1", "/v1beta1", 1), nil, "since 1.22: write it as admissionregistration.k8s.io/v1"},
		"a version of the future":  {strings.Replace(policy, "/v1", "/v3", 1), nil, "apiVersion: admissionregistration.k8s.io/v3 is not known"},
		"an item":                  {`{"apiVersion": "v1", "kind": "List", "items": [` + asJSON + `, ` + strings.Replace(asJSON, "None", "Some", 1) + `]}`, nil, "document 1, item 2: ValidatingWebhookConfiguration opa"},
		"items of no object":       {"apiVersion: v1\nkind: List\nitems: [1]\n", nil, "document 1, item 1 is no Kubernetes object"},
		"items that are a mapping": {"apiVersion: v1\nkind: List\nitems: {a: b}\n", nil, "items of List"},
		"gzip":                     {"\x1f\x8b\x08\x00", nil, "f.yaml is a gzip archive"},
		"zip":                      {"PK\x03\x04\x00", nil, "f.yaml is a zip archive"},
		"binary":                   {"\x7fELF\x00\x00", nil, "f.yaml is binary"},

		"a template":              {"apiVersion: v1\nkind: ConfigMap\ndata: {a: {{ .Values.x }}}\n---\n" + webhook, nil, "document 1 is a template that is not rendered"},
		"a template that is YAML": {strings.Replace(webhook, "name: a.example.org", `name: "{{ .Release.Name }}.example.org"`, 1), nil, "it is a template that is not rendered"},
		"a loop of a template":    {"{{- range .Values.all }}\n" + webhook + "{{- end }}\n", nil, "is a template that is not rendered"},
		"a variable":              {strings.Replace(webhook, "name: opa", "name: ${NAME}", 1), nil, "has a variable that is not filled in (${NAME})"},
		"a kustomization":         {"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", nil, "kubectl kustomize"},
		"a chart's values":        {"replicas: 2\nresources: {limits: {cpu: 1}}\n", nil, "has no apiVersion and no kind"},
		"a bare kustomization":    {"resources: [a.yaml]\n", nil, "kubectl kustomize"},
		"the head of a chart":     {"apiVersion: v2\nname: opa\nversion: 1.0.0\n", nil, "helm template"},
		"a release":               {"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: opa}\nspec: {}\n", nil, "HelmRelease opa of helm.toolkit.fluxcd.io/v2: Flux renders it in the cluster"},
		"an application":          {"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: opa}\nspec: {}\n", nil, "Argo CD renders it"},
		"Kyverno's policy":        {"apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {}\n", nil, "Kyverno makes its webhooks from it when it runs"},
		"Kyverno":                 {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: k}\nspec: {template: {spec: {containers: [{image: 'reg.kyverno.io/kyverno/kyverno:v1.18.0@sha256:ab'}]}}}\n", nil, "kubectl get validatingwebhookconfigurations"},
	} {
		t.Run(name, func(t *testing.T) {
			_, added, err := apply(untouched(t), c.content)
			if c.says == "" && (err != nil || !slices.Equal(added.Names, c.want)) {
				t.Errorf("found %v, %v; want %v", added.Names, err, c.want)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("error is %v, want one line that says %q", err, c.says)
			}
		})
	}
}

// wide is s in UTF-16, as some editors save it.
func wide(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// TestNothingIsSilent: what does nothing as written, and what more may come than
// the manifest shows, is said.
func TestNothingIsSilent(t *testing.T) {
	const vpa = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: v}\nspec: {template: {spec: {containers: [{image: 'registry.k8s.io/autoscaling/vpa-admission-controller:1.8.1', args: ['', FLAG]}]}}}\n"
	const release = "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: opa}\nspec: {}\n"
	ruleless := webhook[:strings.Index(webhook, "  rules:")]
	for name, c := range map[string]struct {
		content, says string
		idle, unseen  bool
	}{
		"a policy alone":                  {policy, "ValidatingAdmissionPolicy p does nothing as written: no binding names it", true, false},
		"a binding alone":                 {binding, "there is no policy p", true, false},
		"both":                            {policy + "---\n" + binding, "", false, false},
		"webhooks without rules":          {ruleless, "its webhooks have no rules; software such as Knative", true, false},
		"no webhooks":                     {webhook[:strings.Index(webhook, "webhooks:")], "it has no webhooks", true, false},
		"one that does something":         {policy + "---\n" + webhook, "no binding names it", false, false},
		"a release beside it":             {webhook + release, "Flux renders it in the cluster", false, true},
		"what registers itself":           {webhook + strings.Replace(vpa, "FLAG", "--register-webhook=true", 1), "the vertical Pod autoscaler makes its webhooks when it runs", false, true},
		"and what leaves it to its chart": {webhook + strings.Replace(vpa, "FLAG", "--register-webhook=false", 1), "", false, false},
		"twice":                           {webhook + "---\n" + webhook, "ValidatingWebhookConfiguration opa stands twice", false, false},
	} {
		_, added, err := apply(untouched(t), c.content)
		said := strings.Join(added.Notes, "\n")
		if err != nil || !strings.Contains(said, c.says) || (c.says == "") != (said == "") || added.Idle != c.idle || added.Unseen != c.unseen {
			t.Errorf("%s: %+v, %v", name, added, err)
		}
	}
}
