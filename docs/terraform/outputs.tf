output "target_version" {
  description = "The version that was checked, for min_master_version. There is none unless the verdict is accepted."
  value       = local.result.target_version

  precondition {
    condition     = contains(var.accept, local.result.verdict)
    error_message = local.result.summary
  }
}

output "verdict" {
  description = "ready, inconclusive or not-ready."
  value       = local.result.verdict
}

output "report" {
  description = "The whole report, as gke-preflight check -o json prints it."
  value       = jsondecode(local.result.json)
}
