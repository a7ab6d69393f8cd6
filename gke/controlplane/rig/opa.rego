# Answers an AdmissionReview, as the default decision of a POST to /.
package system

main := {
	"apiVersion": "admission.k8s.io/v1",
	"kind": "AdmissionReview",
	"response": response,
}

response := {"uid": input.request.uid, "allowed": true} if count(deny) == 0

response := {
	"uid": input.request.uid,
	"allowed": false,
	"status": {"message": concat(", ", deny)},
} if count(deny) > 0

deny contains sprintf("image %q is not from the company's registry", [image]) if {
	input.request.kind.kind == "Pod"
	some container in input.request.object.spec.containers
	image := container.image
	startswith(image, "docker.io/")
}
