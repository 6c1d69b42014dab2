//! Small accounts with an incident each, as scenarios: each is weak in what its test is about.

/// An account with a loop of two roles and a role that trusts itself, and a user whose key was stolen.
pub const LOOPS: &str = r#"
name = "loops"
title = "loops"
story = "loops"
sources = []
start = "2026-11-02T08:00:00Z"
seed = 5
account = "123456789012"
region = "us-east-1"
stolen = "A"
responder = "ann"

[[user]]
name = "ann"
keys = ["A"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'''

[[role]]
name = "Ping"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Pong","arn:aws:iam::123456789012:user/ann"]},"Action":"sts:AssumeRole"}]}'''

[[role]]
name = "Pong"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/Ping"},"Action":"sts:AssumeRole"}]}'''

[[role]]
name = "Both"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Both","arn:aws:iam::123456789012:role/Other","arn:aws:iam::123456789012:user/ann"]},"Action":"sts:AssumeRole"}]}'''

[[role]]
name = "Other"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/Both"},"Action":"sts:AssumeRole"}]}'''

[[role]]
name = "Self"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Self","arn:aws:iam::123456789012:user/ann"]},"Action":"sts:AssumeRole"}]}'''

[[move]]
minute = 0
by = "A"
call = "sts:GetSessionToken"
gives = "B"
says = "the attacker mints"

[[move]]
minute = 1
by = "A"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Ping", RoleSessionName = "xx" }
gives = "C"
says = "and takes a role"
"#;

/// An account of many weaknesses.
pub const WEAK: &str = r#"
name = "weak"
title = "weak"
story = "weak"
sources = []
start = "2026-11-02T08:00:00Z"
seed = 7
account = "123456789012"
region = "us-east-1"
stolen = "ann-key"
responder = "ann"
wrong_order = "naive-order"

[[user]]
name = "ann"
keys = ["ann-key"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'''

[[role]]
name = "Web"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'''
[role.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'''

[[role]]
name = "Job"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'''
[role.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'''

[[role]]
name = "Deploy"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}}]}'''

[[role]]
name = "Partner"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"sts:AssumeRole"}]}'''

[[role]]
name = "Loop"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Loop","arn:aws:iam::123456789012:user/ann"]},"Action":"sts:AssumeRole"}]}'''

[[move]]
minute = 0
by = "ann-key"
call = "sts:GetCallerIdentity"
says = "nothing"
"#;

/// A user, to whom each test adds a role.
pub const PEOPLE: &str = r#"
name = "trusts"
title = "trusts"
story = "trusts"
sources = []
start = "2026-11-02T08:00:00Z"
seed = 5
account = "123456789012"
region = "us-east-1"
stolen = "A"
responder = "ann"

[[user]]
name = "ann"
keys = ["A"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'''

[[move]]
minute = 0
by = "A"
call = "sts:GetCallerIdentity"
says = "it is there"
"#;

/// An account of many uses: somebody who always brings MFA, somebody who never does, roles that people take, roles that take each other.
pub const WORKS: &str = r#"
name = "works"
title = "works"
story = "works"
sources = []
start = "2026-11-02T09:00:00Z"
seed = 11
account = "123456789012"
region = "us-east-1"
stolen = "A"
responder = "ann"
wrong_order = "naive-order"

[[user]]
name = "ann"
keys = ["ann-key"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}'''

[[user]]
name = "bob"
keys = ["bob-key"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}'''

[[user]]
name = "sam"
keys = ["A", "sam-key"]
[user.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}'''

[[user]]
name = "gone"
keys = ["gone-key"]

[[role]]
name = "Wide"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}'''
[role.inline]
Read = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'''

[[role]]
name = "Self"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Self","arn:aws:iam::123456789012:user/bob","arn:aws:iam::123456789012:user/sam"]},"Action":"sts:AssumeRole"}]}'''
[role.inline]
Read = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:AssumeRole"],"Resource":"*"}]}'''

[[role]]
name = "Ping"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/Pong","arn:aws:iam::123456789012:user/bob","arn:aws:iam::123456789012:user/sam"]},"Action":"sts:AssumeRole"}]}'''
[role.inline]
Read = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:AssumeRole"],"Resource":"*"}]}'''

[[role]]
name = "Pong"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}'''
max_session_seconds = 43200
[role.inline]
Read = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:AssumeRole"],"Resource":"arn:aws:iam::123456789012:role/Ping"}]}'''

[[role]]
name = "Idle"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}'''

[[move]]
minute = 0
by = "ann-key"
call = "sts:GetSessionToken"
params = { SerialNumber = "arn:aws:iam::123456789012:mfa/ann", TokenCode = "123456" }
gives = "ann-token"
innocent = true
says = "ann brings MFA"

[[move]]
minute = 1
by = "ann-token"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Wide", RoleSessionName = "ann" }
gives = "ann-wide"
innocent = true
says = "ann takes a role"

[[move]]
minute = 2
by = "ann-wide"
call = "s3:ListAllMyBuckets"
innocent = true
says = "and looks"

[[move]]
minute = 3
by = "bob-key"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Self", RoleSessionName = "bob" }
gives = "bob-self"
innocent = true
says = "bob takes a role without MFA"

[[move]]
minute = 4
by = "bob-key"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Ping", RoleSessionName = "bob-ping" }
gives = "bob-ping"
innocent = true
says = "and another"

[[move]]
minute = 5
by = "bob-ping"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Pong", RoleSessionName = "job" }
gives = "bob-pong"
innocent = true
says = "and goes on to a third"

[[move]]
minute = 6
by = "sam-key"
call = "s3:ListAllMyBuckets"
innocent = true
says = "sam works with his other key, without MFA"

[[move]]
minute = 7
by = "sam-key"
call = "sts:GetSessionToken"
gives = "sam-token"
innocent = true
says = "and by a session"

[[move]]
minute = 8
by = "sam-token"
call = "s3:ListAllMyBuckets"
innocent = true
says = "without MFA either"

[[move]]
minute = 20
by = "A"
call = "s3:ListAllMyBuckets"
says = "the attacker looks round"

[[move]]
minute = 21
by = "A"
call = "sts:GetSessionToken"
gives = "B"
says = "mints"

[[move]]
minute = 22
by = "B"
call = "s3:ListAllMyBuckets"
says = "and tries it"

[[move]]
minute = 23
by = "B"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Wide", RoleSessionName = "xx" }
gives = "C"
says = "takes the wide role"

[[move]]
minute = 24
by = "C"
call = "s3:ListAllMyBuckets"
says = "looks"

[[move]]
minute = 25
by = "A"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Self", RoleSessionName = "xx" }
gives = "D"
says = "takes the role that trusts itself"

[[move]]
minute = 26
by = "D"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Self", RoleSessionName = "yy" }
gives = "E"
says = "again by itself"

[[move]]
minute = 27
by = "A"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Ping", RoleSessionName = "xx" }
gives = "F"
says = "takes one of two that trust each other"

[[move]]
minute = 28
by = "F"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Pong", RoleSessionName = "xx" }
gives = "G"
says = "the other"

[[move]]
minute = 29
by = "G"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Ping", RoleSessionName = "yy" }
gives = "H"
says = "and the first again"

[[move]]
minute = 30
by = "A"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/Idle", RoleSessionName = "xx" }
gives = "I"
says = "and one that nobody takes"
"#;

/// An account whose calls come from an instance and from a function.
pub const COMPUTE: &str = r#"
name = "compute"
title = "compute"
story = "compute"
sources = []
start = "2026-11-02T09:00:00Z"
seed = 12
account = "123456789012"
region = "us-east-1"
stolen = "A"
responder = "ann"

[[user]]
name = "ann"
keys = ["A"]

[[role]]
name = "Web"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'''
[role.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'''

[[role]]
name = "Job"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'''
[role.inline]
All = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'''
"#;
