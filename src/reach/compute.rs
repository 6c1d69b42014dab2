//! Services that run code under a role: what starts them, and what changes what is running.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>

/// One service that takes roles.
#[derive(Debug)]
pub(super) struct Runner {
    /// The principal that the role's trust policy must name.
    pub(super) service: &'static str,
    /// Calls that together start something new under a role that is passed; one of each list is enough.
    pub(super) start: &'static [&'static [&'static str]],
    /// Calls that put other code into what is running already; one is enough, where something runs under the role.
    pub(super) change: &'static [&'static str],
}

const LAMBDA_RUN: &[&str] = &[
    "lambda:InvokeFunction",
    "lambda:CreateEventSourceMapping",
    "lambda:CreateFunctionUrlConfig",
    "lambda:AddPermission",
];

pub(super) const RUNNERS: [Runner; 17] = [
    Runner {
        service: "ec2.amazonaws.com",
        start: &[&[
            "ec2:RunInstances",
            "ec2:AssociateIamInstanceProfile",
            "ec2:ReplaceIamInstanceProfileAssociation",
        ]],
        change: &[
            "ssm:SendCommand",
            "ssm:StartSession",
            "ec2-instance-connect:SendSSHPublicKey",
            "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
            "ec2:ModifyInstanceAttribute",
        ],
    },
    Runner {
        service: "lambda.amazonaws.com",
        start: &[&["lambda:CreateFunction"], LAMBDA_RUN],
        change: &["lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"],
    },
    Runner {
        service: "ecs-tasks.amazonaws.com",
        start: &[
            &["ecs:RegisterTaskDefinition"],
            &["ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService"],
        ],
        change: &["ecs:ExecuteCommand"],
    },
    Runner {
        service: "glue.amazonaws.com",
        start: &[&["glue:CreateDevEndpoint", "glue:CreateJob", "glue:CreateSession"]],
        change: &["glue:UpdateJob", "glue:UpdateDevEndpoint"],
    },
    Runner {
        service: "cloudformation.amazonaws.com",
        start: &[&[
            "cloudformation:CreateStack",
            "cloudformation:CreateChangeSet",
            "cloudformation:CreateStackSet",
        ]],
        change: &["cloudformation:UpdateStack", "cloudformation:ExecuteChangeSet"],
    },
    Runner {
        service: "codebuild.amazonaws.com",
        start: &[
            &["codebuild:CreateProject", "codebuild:UpdateProject"],
            &["codebuild:StartBuild", "codebuild:StartBuildBatch"],
        ],
        change: &["codebuild:StartBuild", "codebuild:StartBuildBatch"],
    },
    Runner {
        service: "sagemaker.amazonaws.com",
        start: &[&[
            "sagemaker:CreateNotebookInstance",
            "sagemaker:CreateTrainingJob",
            "sagemaker:CreateProcessingJob",
        ]],
        change: &[
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            "sagemaker:UpdateNotebookInstanceLifecycleConfig",
        ],
    },
    Runner {
        service: "states.amazonaws.com",
        start: &[
            &["states:CreateStateMachine"],
            &["states:StartExecution", "states:StartSyncExecution"],
        ],
        change: &["states:UpdateStateMachine"],
    },
    Runner {
        service: "datapipeline.amazonaws.com",
        start: &[
            &["datapipeline:CreatePipeline"],
            &["datapipeline:PutPipelineDefinition"],
            &["datapipeline:ActivatePipeline"],
        ],
        change: &["datapipeline:PutPipelineDefinition"],
    },
    Runner {
        service: "elasticmapreduce.amazonaws.com",
        start: &[&["elasticmapreduce:RunJobFlow"]],
        change: &["elasticmapreduce:AddJobFlowSteps"],
    },
    Runner {
        service: "ssm.amazonaws.com",
        start: &[&[
            "ssm:StartAutomationExecution",
            "ssm:CreateAssociation",
            "ssm:CreateActivation",
        ]],
        change: &[],
    },
    Runner {
        service: "scheduler.amazonaws.com",
        start: &[&["scheduler:CreateSchedule", "scheduler:UpdateSchedule"]],
        change: &[],
    },
    Runner {
        service: "events.amazonaws.com",
        start: &[&["events:PutTargets"]],
        change: &[],
    },
    Runner {
        service: "codepipeline.amazonaws.com",
        start: &[&["codepipeline:CreatePipeline", "codepipeline:UpdatePipeline"]],
        change: &["codepipeline:StartPipelineExecution"],
    },
    Runner {
        service: "tasks.apprunner.amazonaws.com",
        start: &[&["apprunner:CreateService", "apprunner:UpdateService"]],
        change: &[],
    },
    // A batch job's role is one of an ECS task.
    Runner {
        service: "ecs-tasks.amazonaws.com",
        start: &[&["batch:RegisterJobDefinition"], &["batch:SubmitJob"]],
        change: &[],
    },
    Runner {
        service: "bedrock-agentcore.amazonaws.com",
        start: &[&[
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:CreateAgentRuntime",
        ]],
        change: &[
            "bedrock-agentcore:InvokeCodeInterpreter",
            "bedrock-agentcore:InvokeAgentRuntimeCommand",
        ],
    },
];

/// Whether a call starts code under a role, or puts other code into what runs already: what is left behind by it runs on when every credential is
/// dead. That something is invoked leaves nothing. Some services log names with the version of their API behind them.
pub(crate) fn runs_code(service: &str, call: &str) -> bool {
    let is_it = |action: &&str| {
        let of = action.split_once(':').filter(|(of, _)| *of == service);
        of.is_some_and(|(_, name)| !name.starts_with("Invoke") && is_call(call, name))
    };
    RUNNERS.iter().any(|runner| {
        let mut start = runner.start.iter().copied().flatten();
        start.any(is_it) || runner.change.iter().any(is_it)
    })
}

/// Whether `call` is the one of this name, whatever version of the API stands behind it: <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>.
pub(crate) fn is_call(call: &str, name: &str) -> bool {
    call.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// All services by the principal that they act as, for people.
pub(super) fn covered() -> impl Iterator<Item = &'static str> {
    RUNNERS.iter().map(|runner| runner.service)
}
