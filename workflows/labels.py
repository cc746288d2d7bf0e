"""All Chinese display text that is not a definition's own: a sentence for each error code, words for roles and facts.

A sentence says what is wrong, where, and what would be allowed. Its `{names}` are the error's data, already turned into
display words by `sentence`: verbs, states, fields, roles and kinds of request by their titles, instants by their civil
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.clock import civil

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.errors import SibanError

WEEKDAYS = "一二三四五六日"

ROLES: Mapping[str, str] = {
    "anyone": "本局工作人员",
    "registrar": "登记人",
    "supervisor": "牵头部门（局办公室）",
    "supervisor.head": "牵头部门负责人",
    "supervisor.verifier": "核验部门",
    "lead_unit": "主办单位",
    "lead_unit.head": "主办单位负责人",
    "lead_unit.handler": "责任人",
    "co_units": "协办单位",
    "co_units.head": "协办单位负责人",
    "leader.in_charge": "分管领导",
    "leader.principal": "主要领导",
    "leader": "局领导",
    "commander": "挂帅领导",
    "body": "局党组",
}

STAGES: Mapping[str, str] = {
    "intake": "受理",
    "assign": "分办",
    "handle": "办理",
    "verify": "核验",
    "feedback": "反馈",
    "closed": "办结",
}

FIXED_VERBS: Mapping[str, str] = {
    "register": "登记",
    "request": "提出申请",
    "grant": "同意申请",
    "refuse": "不同意申请",
    "escalate": "逐级督办",
    "lapse": "申请逾期失效",
    "release": "签发",
    "withhold": "暂不发出",
    "ack": "已阅",
    "comment": "备注",
    "attach": "补充材料",
    "absorb": "并入",
    "define": "启用流程",
    "load_calendar": "启用工作日历",
    "recount": "重算到期时间",
    "load_organisation": "启用机构人员",
    "set_reading": "设定时限读法",
    "correct": "更正",
    "move": "转入新版流程",
    "accept_clock": "确认时钟无误",
    "seal": "存证",
    "reveal": "查看反映人",
    "redact": "清除反映人信息",
}

REQUEST_STATES: Mapping[str, str] = {
    "open": "待审批",
    "endorsed": "单位已同意，待批准",
    "granted": "已同意",
    "refused": "未同意",
    "void": "已失效（事项已流转）",
    "lapsed": "逾期未批，已失效",
}

NOTICE_STATES: Mapping[str, str] = {"sent": "已送达", "draft": "待签发", "released": "已签发", "withheld": "暂不发出"}

ADDRESSEES: Mapping[str, str] = {
    "reporter": "反映人",
    "body": "交办机关",
    "leading_officer": "牵头调研领导",
    "place": "调研所在单位",
    "party_org": "党组织",
}

BASES: tuple[str, ...] = ("会议纪要", "签批件", "OA", "电话")
"""What a decision entered for somebody else (代录) may rest on."""

MESSAGES: Mapping[str, str] = {
    # what the flow refuses
    "not_in_state": "不能{verb}：{item} 现为“{state}”{desk}。您现在可以：{allowed}。",
    "done_by_other": "{item} 已由{person}于 {done_at} {verb}，现为“{state}”，无须再办。",
    "unknown_verb": "没有“{verb}”这一办理动作。现在可以：{allowed}。",
    "not_allowed": "无权{verb} {item}：须由{roles}办理{people}。",
    "same_person": "不能{verb} {item}：{person} 已办过“{before}”，须另由他人办理。",
    "missing_field": "{item} 缺少必填内容：{fields}。",
    "field_not_taken": "此处不需要填写：{fields}；可以填写：{known}。",
    "field_too_short": "{item} 的“{field}”太短：至少 {least} 个字，现为 {length} 个。",
    "in_the_future": "实际办理时间 {done_at} 晚于现在（{now_at}）。",
    "before_last_act": "实际办理时间 {done_at} 早于 {item} 的上一步（{last_at}）。",
    "not_correctable": "“{field}”不能更正；本事项可以更正：{known}。",
    "correct_by_act": "“{field}”关系时限、经办或流转，不能更正；请用相应动作办理：{allowed}。",
    "nothing_to_correct": "{item} 还没有填写“{field}”，无从更正。",
    "same_value": "{item} 的“{field}”本来就是这样，无须更正。",
    # the ledger as it was
    "past_in_future": "“{text}”还没有到（现在是 {now_at}）：--as-of、--known-at 只能回看；以后的情况用 siban 预测。",
    "known_at_alone": "--known-at 须与 --as-of 同用：前者为录入截止时间，后者为办理截止时间。",
    "not_registered_then": "截至 {text_at}，{item} 还没有登记。",
    # guards
    "limit_clear": "{item} 的时限已经明确，不能再改；须延长的请申请延期。",
    "limit_needed": "一时解决不了的须明确时限：请用 --时限 填写，如 5个工作日、2023-08-31。",
    "lead_among_co_units": "主办单位不能同时列为协办单位。",
    "measure_undated": "第 {number} 项整改措施没有完成时限：写法为 --措施 内容|责任单位|完成日期。",
    "measure_too_late": "第 {number} 项整改措施的完成时限 {due} 晚于事项时限 {latest}。",
    "measures_left": "还有整改措施未完成：第 {numbers} 项。已完成的用 --已完成措施 注明，不再执行的用 --不再执行 序号:理由。",
    "co_units_left": "协办单位尚未反馈：{units}。请催请反馈，或用 --协办缺项说明 写明原因。",
    "not_an_addressee": "{names} 不是本事项的反馈对象；尚待反馈：{left}。",
    "unanswered": "尚未反馈：{names}。件件须有回应，反馈或注明免予反馈后方可销号。",
    "not_called_back": "反馈后尚未回访，请先由牵头部门回访。",
    "dissatisfied": "反映人不满意或问题未解决，须重新办理，或由分管领导审定后作出说明。",
    "request_open": "还有申请未办结：{requests}，请先批复。",
    "publicity_running": "公示期至 {until}，期满前不能销号。",
    "not_signed_off": "挂帅研办事项须先由挂帅领导签字（{verb}）。",
    "result_not_final": "办理结果为“{result}”，尚不能通过核验；请转持续整改或继续办理。",
    "designated": "本事项为指定承办，不得再申请退回。",
    "merge_self": "不能并入自身。",
    "merge_closed": "{item} 号事项已办结，不能作为并入对象。",
    "same_unit": "主办单位未变，无须调整。",
    "reporter_needed": "群众反映的问题须填写反映人，或注明匿名（--匿名）。",
    "not_overdue": "本事项未逾期，无须申诉。",
    "not_in_role": "“{field}”所填 {person} 不符：须为{roles}{people}。",
    "not_dissatisfied": "回访未反映不满意或未解决，不能这样办理。",
    "done_once": "{item} 已{verb}过一次，再次须由分管领导决定。",
    "not_done_before": "{item} 尚未{verb}，不能办理这一步。",
    "too_short": "{item} 的“{field}”为 {until}，太近：最早为 {earliest}。",
    "percent_less": "{item} 的完成进度由 {before_percent}% 回落到 {percent}%，须说明进度回落原因。",
    # requests
    "request_not_here": "{item} 现为“{state}”，不能申请{kind}。现在可以申请：{allowed}。",
    "request_used_up": "{item} 的{kind}已批准 {most} 次，不能再申请。",
    "request_too_late": "{item} 已于 {due_at} 到期，逾期后不能再申请{kind}。",
    "request_window_over": "{item} 的{kind}期限已于 {closed_at} 截止。",
    "request_not_later": "申请的日期 {until} 须晚于 {after}。",
    "request_too_long": "申请的日期 {until} 过长，最晚为 {latest}。",
    "unknown_request": "没有申请 {name}；待批复的申请：{open}。",
    "request_decided": "申请 {name} {state}，不能再批复。",
    # reporters
    "no_reporter": "{item} 没有登记反映人。",
    "reporter_erased": "{item} 的反映人信息已经清除，不能查看，也无须再清除。",
    "names_reporter": "{field}中不能写反映人的姓名或联系方式：办理记录不能删改，写进去就清除不了。",
    # notices
    "unknown_notice": "没有第 {name} 号通知。",
    "not_my_notice": "第 {name} 号通知发给 {receiver}，不能代为已阅。",
    "not_sent": "第 {name} 号文书{status}，尚未送达，无须已阅。",
    "not_a_draft": "第 {name} 号文书{status}，无须再办。",
    # who and what
    "unknown_item": "没有事项 {name}。可用编号、序号或编号末几位；查台账：siban list。",
    "ambiguous_item": "{name} 对应多件事项：{among}，请写全编号。",
    "unknown_officer": "没有“{name}”这个人{near}。",
    "ambiguous_officer": "有多人名叫“{name}”：{among}，请用工号。",
    "unknown_unit": "没有“{name}”这个单位；现有：{among}。",
    "who_are_you": "不知道您是谁：系统用户“{os_user}”未对应到任何人员。请由管理员在机构人员表中登记 os_user 后载入；详情：siban doctor。",
    "several_desks": "系统用户“{os_user}”对应到 {count} 个人员：{among}。请用 --as 工号 指明以哪一个办理。",
    "no_delegation": "{taker} 没有代 {giver} 办理的授权，不能以其名义办理。",
    "delegation_over": "{taker} 代 {giver} 办理的授权已于 {until} 到期，不能再以其名义办理。",
    "delegation_not_begun": "{taker} 代 {giver} 办理的授权自 {since} 起生效，现在还不能以其名义办理。",
    "auditor_reads": "{person} 为审计（纪检）人员，只能查看，不能办理。",
    "not_installer": "无权更换办事规则（机构人员、流程、日历）：须由数据库文件的所有者（管理员）或牵头部门负责人{people}办理。",
    "basis_needed": "代录须写明依据：--依据 会议纪要｜签批件｜OA｜电话，并填文号、日期。",
    "already_done": "该指令（{command_id}）已于 {recorded_at} 办理完毕，未重复办理。",
    "command_reused": "指令编号 {command_id} 已用于别的办理（{verb}，{recorded_at}），请换一个。",
    # problem lists
    "bad_map": "看不懂“--map {text}”：应写作 FIELD=列名，FIELD 可为 {allowed}。",
    "map_twice": "--map 中“{field}”写了两次，请只留一个。",
    "column_not_found": "表中没有“{column}”这一列；现有的列：{headers}。",
    "column_not_unique": "表中有 {count} 列都叫“{column}”；请写作“{column}#1”“{column}#2”。",
    "column_twice": "“{column}”一列不能同时作为{fields}。",
    "columns_compete": "{columns}都可能是“{field}”；请用 --map 字段=列名 指明。",
    "column_ambiguous": "“{column}”在不同台账中含义不同（{fields}）；请用 --map FIELD={column} 指明，不需要则用 --map ignore={column}。",
    "column_required": "找不到“{field}”一列；请用 --map title=列名 指明。现有的列：{headers}。",
    "digits_lost": "“{text}”超过15位，电子表格已改变末几位；请把该列设为文本格式后重新填写。",
    "bad_file": "不能读取“{path}”：{why}。",
    "no_reader": "读取电子表格的组件不能运行（{detail}）；请重新安装。",
    "output_failed": "结果没有写完：{why}。",
    "time_goes_back": "时间不能倒退：现为 {now}。",
    "bad_setting": "设置“{name}”不能为“{text}”；可以是：{among}。",
    # what cannot be read
    "bad_limit": "看不懂时限“{text}”{note}。可以写：5个工作日、4工作时、15日、1个月、2023-08-31、8月底前。",
    "limit_stands": "看不懂时限“{text}”，而 {item} 已有时限 {limit}，不能以此代替；请写明日期或天数。",
    "bad_offset": "看不懂督办时点“{text}”：可以写 near、0、+1wd、-1wd、+5d、+2h。",
    "bad_instant": "看不懂时间“{text}”：可以写 2023-05-08、2023-05-08 09:30、2023年5月8日。",
    "instant_out_of_range": "时间“{text}”超出范围：应在 1992 年至 9999 年之间。",
    "bad_field": "“{field}”填写有误：{value}{why}{allowed}。",
    "bad_text": "“{field}”中有不能接受的内容：{why}。",
    "bad_calendar": "工作日历有误（{place}）：{why}。",
    "bad_request_name": "看不懂申请编号“{text}”：写法为 事项号-序号，如 12-1。",
    "bad_measure": "看不懂整改措施“{text}”：写法为 内容|责任单位|完成日期。",
    "trial_stays": "库是试用还是正式，建库时定，不能更改。",
    "trial_only": "--at 只能用于试用库（siban init --trial）。",
    "clock_back": "模拟时间不能倒退：库中已记到 {now_at}。",
    "unknown_choice": "没有{what}“{text}”；可以写：{among}。",
    "no_such_clock": "没有计时“{clock}”；{item} 的计时：{clocks}。",
    "clock_not_begun": "{item} 的“{clock}”还没有起算；已起算的计时：{clocks}。",
    # forecasts
    "forecast_past": "预测须到将来：{until_at} 已经过去，现在是 {now_at}。",
    "forecast_too_far": "最多预测 {days} 天，最远到 {latest_at}。",
    "bad_leave": "看不懂请假“{text}”：写法为 姓名:起始日..截止日，如 金晓:2023-08-01..2023-08-10。",
    "bad_forecast": "不能与 {path} 对照：{why}。先用 siban forecast --until 日期 -o json 存下一次预测。",
    # definitions and organisations
    "definition_faults": "流程定义有 {count} 处问题：",
    "organisation_faults": "机构人员表有 {count} 处问题：",
    "version_taken": "流程“{name}”第 {version} 版已在库中，内容不同：改动过的流程须写新的版本号（version），现用第 {current} 版。",
    "version_lower": "流程“{name}”现用第 {current} 版，不能启用更早的第 {version} 版；请把版本号（version）写为 {next} 或更大。",
    "version_unknown": "库中没有“{name}”这一版流程；现有：{among}。",
    "other_workflow": "“{name}”与“{other}”不是同一个流程，不能比较。",
    "bad_mapping": "看不懂“--map {text}”：应写作 原状态=新状态，如 rectifying=mending 或 整改中=整改之中。",
    "unknown_state": "没有状态“{text}”；可以写：{states}。",
    "not_to_move": "第 {numbers} 号事项不能转：已办结、不属于本流程，或已是该版。",
    "move_blocked": "有 {count} 件事项不能转（{among}），全部未转；先办妥或用 --map 指明状态，只转能转的请加 --only-fitting。",
    "workflow_missing": "库中没有流程“{name}”；现有：{among}。",
    "policy_replaced": "刚才已有人另行载入，本次未作任何改动；请看过最新情况后重新载入。",
    "policy_missing": "库中缺少{kind}，请重新载入。",
    "not_xlsx": "表样只写成 .xlsx 文件，“{path}”不是。",
    "bad_toml": "{path} 不是有效的 TOML 文件：{why}。",
    # storage
    "no_database": "没有数据库 {path}。先试用：siban demo；新建：siban --db {path} init。",
    "not_a_database": "{path} 不是数据库文件，未作任何改动。",
    "foreign_database": "{path} 是其他程序的数据库，未作任何改动。",
    "newer_schema": "{path} 的库结构版本为 {found}，本程序只认到 {known}，请升级程序；未作任何改动。",
    "older_schema": "{path} 的库结构版本为 {found}，需升级到 {known}：请运行 siban --db {path} db upgrade。",
    "locked": "等了 {seconds} 秒，数据库仍被占用（进程 {pid}：{command}），请稍后再试。",
    "disk_full": "磁盘已满，本次办理未保存；请清理 {path} 所在磁盘后重试。",
    "disk_failed": "磁盘读写出错（{why}），本次办理未保存。",
    "read_only": "无权写入 {path} 或其所在文件夹。",
    "no_directory": "{path} 所在的文件夹不存在。",
    "damaged": "{path} 已损坏（{why}），请用最近的备份恢复。",
    "journal_mode": "{path} 正被另一版本的 SQLite 使用，请先关闭其他程序。",
    "settings": "数据库的安全设置未能生效，未打开 {path}。",
    "exists": "{path} 已经存在，不会覆盖。",
    "not_whole": "只能看到一部分事项的人不能导出全部记录；牵头部门、领导、审计人员和数据库管理员可以。",
    "bad_attachment": "附件 {path} 不能收存：{why}。",
    "serial_taken": "编号 {serial} 已被使用。",
    "rung_crossed": "该督办层级已由另一进程记录，请重试。",
    "no_org": "还没有机构人员，请先载入：siban org load 文件.toml。",
    "not_sealed": "未作存证：办理记录有不符之处，存证只能证明完整的记录。请先查明：siban audit verify。",
    "key_open": "私钥文件 {path} 他人也能读取（权限 {mode}），不能使用；请改为只有本人可读：chmod 600。",
    "bad_private_key": "{path} 不能用来签名：{why}。新建：siban audit key new 文件。",
    "bad_key_name": "公钥名称“{name}”不能接受：1 至 64 个字符，不含空格和加号。",
    "bad_argument": "{why}",
    "check_failed": "检查发现 {count} 处不符：",
    "clock_stepped": "本机时间由 {expected_at} 突变为 {now_at}，值守已停，未据此督办：请核对本机时间；确认无误的，运行 siban serve --clock-is-right（--时钟无误）。",
    "clock_behind": "本机时间为 {now_at}，早于最后一条办理记录（{last_at}），未作任何改动：请核对本机时间；确认无误的，运行 siban tick --clock-is-right（--时钟无误）。",
    "clock_ahead": "上次记录是 {last_at}，本机时间为 {now_at}，相隔 {days} 天，未作任何督办：请核对本机时间；确认无误的，重新运行并加 --clock-is-right（--时钟无误）。",
    "another_serve": "已有另一个 siban serve 在运行（{holder}）。",
}
"""One sentence a code."""

FAULTS: Mapping[str, str] = {
    "missing": "缺少此项",
    "unknown_key": "多余的项",
    "not_a_table": "应为一个表",
    "list_needed": "应为一个列表",
    "text_needed": "应为文字",
    "number_needed": "应为不小于 0 的整数",
    "flag_needed": "应为 true 或 false",
    "names_needed": "应为名称或名称的列表",
    "not_among": "不在允许的值之中",
    "bad_limit": "看不懂的时限",
    "bad_offset": "看不懂的督办时点",
    "at_or_on": "at 与 on 须且只须写一个",
    "new_or_from": "new 与 from 须且只须写一个",
    "unreadable": "不是有效的 TOML",
    "fixed_verb": "与固定命令重名",
    "unknown_state": "没有这个状态",
    "unknown_verb": "没有这个办理动作",
    "unknown_field": "没有这个字段",
    "unknown_clock": "没有这个计时",
    "unknown_ladder": "没有这个督办阶梯",
    "unknown_role": "没有这个角色",
    "unknown_guard": "没有这个条件",
    "unknown_request": "没有这种申请",
    "unknown_paper": "本阶梯没有这种文书",
    "bad_trigger": "on 应写为 verb:动作 或 paper:文书",
    "level_twice": "督办层级重复",
    "rungs_out_of_order": "同一阶梯中，层级越高，督办时点须越晚",
    "one_main_clock": "须有且只有一个主计时（main = true）",
    "option_kind": "同名字段在两个流程中类型不同",
    "unknown_choice": "该字段没有这个选项",
    "unknown_source": "没有这个问题来源",
    "unknown_track": "没有这个问题清单",
    "unreachable_state": "这个状态无法到达",
    "dead_end": "到了这个状态就无法办结，经过",
    "no_clock": "在这个状态等待时没有计时，经过",
    "endless_loop": "可以无限循环而不受总时限约束",
    "title_twice": "两个动作用了同一名称",
    "title_differs": "同一动作有两个名称",
    "step_impossible": "这一步在此状态下办不了",
    "step_lacks_field": "这一步的必填内容无处填写",
    "rung_reaches_nobody": "这一督办层级无人可送（主办单位，状态）",
    "four_eyes_broken": "只能由同一人经办又审批（主办单位：人员）",
    "twice": "重复",
    "unknown_unit": "没有这个单位",
    "unknown_officer": "没有这个人员",
    "unknown_body": "没有这个集体",
    "bad_days": "起止日期有误",
    "id_taken": "与人员的工号相同",
    "auditor_leads": "审计（纪检）人员只能查看，不能任负责人，也不能代人办理",
    "delegates_to_self": "委托人与代理人是同一人",
    "name_shared": "有多人同名，请写工号",
    "column_missing": "缺少这一列",
    # the record and what is kept beside it
    "entry_gap": "记录号不连续",
    "chain_broken": "与上一条记录不衔接",
    "entry_changed": "内容与其散列值不符",
    "entry_unreadable": "不能据以重算",
    "item_unknown": "涉及没有登记过的事项",
    "item_unreadable": "不能重算",
    "policy_changed": "内容与其散列值不符",
    "policy_lost": "办理所依据的版本已不在库中",
    "policy_not_current": "现用版本与办理记录不符",
    "row_without_entry": "没有办理记录",
    "row_missing": "有办理记录，台账中没有",
    "row_differs": "与办理记录重算的结果不符",
    "next_missing": "正在计时，却没有下一督办时点",
    "rung_without_entry": "没有办理记录",
    "rung_missing": "有办理记录，督办层级表中没有",
    "rung_differs": "与办理记录不符",
    "notice_without_entry": "没有办理记录",
    "notice_missing": "有办理记录，通知表中没有",
    "notice_differs": "与办理记录不符",
    "reporter_differs": "与登记时的承诺值不符",
    "reporter_missing": "登记时有反映人，现已不在库中，也没有清除的记录",
    "policy_without_entry": "没有启用它的办理记录",
    "schema_differs": "库结构与本程序的不同：表、索引或保护规则被改动",
    "file_damaged": "数据库文件受损",
    "sealed_otherwise": "此条以前的记录与上一份存证不符",
    "sealed_and_gone": "上一份存证覆盖到此条，现已没有",
    "seal_changed": "内容与签名不符",
    "reporter_kept": "已记录清除，姓名、联系方式却仍在库中",
    "private_elsewhere": "只有 reporter、contact 两个字段保密（private = true），也必须保密",
    "private_late": "反映人、联系方式只能在登记时填写",
}
"""What each fault of a definition, of an organisation, or of what is kept beside the record means."""

PLACES: Mapping[str, str] = {
    "entry": "第 {} 号办理记录",
    "item": "第 {} 号事项",
    "rung": "督办层级 {}",
    "notice": "第 {} 号通知",
    "policy": "依据 {}",
    "setting": "设置 {}",
    "reporter": "第 {} 号事项的反映人",
    "seal": "第 {} 号存证",
    "database": "数据库 {}",
}
"""Where a fault of the record lies, by the first word of its place."""

KINDS: Mapping[str, str] = {
    "date": "应为日期，如 2023-08-31",
    "choice": "只能是",
    "flag": "应为是或否",
    "int": "应为整数",
    "ints": "应为整数",
    "item": "应为事项编号",
    "percent": "应为 0 到 100 的整数",
}

FILE_FAULTS: Mapping[str, str] = {
    "kind": "只接受 .xlsx、.xls、.ods、.csv，不接受带宏或二进制格式",
    "missing": "文件不存在",
    "unreadable": "不是普通文件或没有读取权限",
    "empty": "其中没有内容",
    "too_big": "文件过大（20 MB，展开后 200 MB）",
    "too_many_rows": "超过 20000 行",
    "too_many_columns": "超过 100 列",
    "password": "文件有密码或另有格式，请另存为不加密的 .xlsx",
    "damaged": "文件已损坏",
    "encoding": "文字编码无法识别，请另存为 UTF-8",
    "no_sheet": "没有这个工作表",
}

ATTACHMENT_FAULTS: Mapping[str, str] = {
    "missing": "没有这个文件",
    "not_a_file": "不是普通文件",
    "unreadable": "没有读取权限",
    "too_large": "超过 200 MB",
    "name": "文件名不能接受",
    "digest": "内容校验值有误",
}

CALENDAR_FAULTS: Mapping[str, str] = {
    "off_and_work": "{name}同一天既放假又上班",
    "no_such_date": "没有这个日期",
    "not_of_this_year": "{name}不是本年的日子",
    "not_a_year": "年份有误",
    "not_a_text": "应为文字",
    "not_a_table": "应为一个表",
    "not_a_time": "时刻有误，应写作 08:30，最晚 24:00",
    "not_a_session": "上班时段有误",
    "hours_missing": "缺少上班时间",
    "hours_out_of_order": "上班时段次序有误，须从早到晚排列",
    "sessions_overlap": "与前一上班时段重叠",
    "session_backwards": "下班早于上班",
    "session_empty": "上下班为同一时刻",
    "periods_out_of_order": "起用日期须一个晚于一个",
    "wrong_zone": "时区只能是 Asia/Shanghai",
    "not_a_list": "应为一个列表",
    "another_calendar": "是另一个工作日历，这里只用 cn",
    "nothing_given": "文件里没有年份、当地安排或上班时间",
    "year_lost": "现有的这一年不在新文件中",
    "local_lost": "新文件中缺少现有的当地安排（{notice}）",
    "statutory_missing": "这一天是法定节假日，却没有放假",
    "overruled": "这一天已由 {notice} 另行安排，并以其为准；确须再改的，请作为当地安排（local）载入，并一并列明该通知",
    "contradicts": "与 {notice} 的安排不一致；确为更改的，请在 notice 中先列原通知，再列新通知，以空格分开",
    "makeup_on_weekday": "调休上班日应为周末，{name}这一天本来就上班",
    "named_twice": "重复出现{name}",
    "not_json": "不是有效的 JSON",
    "feast_missing": "没有{name}的放假安排，内容不全",
    "no_title": "既不是 JSON，也没有“关于……年部分节假日安排的通知”这样的标题，不知道是哪一年",
    "no_items": "没有“一、元旦：……”这样的分项安排",
    "item_missing": "序号不连续，前面可能缺少一项",
    "no_feast": "没有写明是哪个节日",
    "sentence_unread": "这一句看不懂",
    "total_differs": "所列放假日期合计 {name} 天，与“共……天”不符",
    "range_backwards": "起止日期有误",
    "year_unsaid": "没有写明是哪一年的12月",
    "weekday_differs": "星期不符，实为 {name}",
    "nothing_to_change": "日历中还没有这一年的安排，无从调整",
    "notice_missing": "缺少依据的通知",
    "days_missing": "没有放假的日子",
    "missing": "缺少此项",
    "unknown_key": "多余的项",
}

TEXT_FAULTS: Mapping[str, str] = {
    "control": "含有控制字符",
    "bidi": "含有改变书写方向的字符",
    "surrogate": "含有不完整的字符",
    "invisible": "含有不可见字符",
    "too_long": "超过长度上限",
}


class Titles(NamedTuple):
    """The titles of what definitions name: verbs, states, fields, kinds of request, clocks."""

    verbs: Mapping[str, str]
    states: Mapping[str, str]
    fields: Mapping[str, str]
    requests: Mapping[str, str]
    clocks: Mapping[str, str] = {}

    def verb(self, name: str) -> str:
        """Return a verb's title."""
        return self.verbs.get(name) or FIXED_VERBS.get(name) or name


def titles_of(index: Mapping[str, Mapping[str, Any]]) -> Titles:
    """Collect the titles of every workflow of an index; a later workflow never renames what an earlier one named."""
    verbs: dict[str, str] = {}
    states: dict[str, str] = {}
    fields: dict[str, str] = {}
    requests: dict[str, str] = {}
    clocks: dict[str, str] = {}
    for entry in index.values():
        for act in entry["verbs"]:
            verbs.setdefault(act["name"], act["title"])
        for act in entry["requests"]:
            requests.setdefault(act["name"], act["title"])
        for name, title in entry["states"].items():
            states.setdefault(name, title)
        for name, field in entry["fields"].items():
            fields.setdefault(name, field["title"])
        for name, title in entry["clocks"].items():
            clocks.setdefault(name, title)
    return Titles(verbs, states, fields, requests, clocks)


def sentence(error: SibanError, titles: Titles) -> str:
    """Return the Chinese sentence for an error: never a traceback, never an identifier where there is a word."""
    words = {key: _word(key, value, titles) for key, value in error.data.items()}
    words.setdefault("item", "")
    template = MESSAGES.get(error.code)
    if template is None:
        return f"{error.code}：" + "；".join(f"{key} {word}" for key, word in words.items())
    if error.code == "bad_field":
        words["why"] = "，" + KINDS.get(str(error.data.get("why")), "类型不符")
    if error.code == "bad_attachment":
        words["why"] = ATTACHMENT_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if error.code == "bad_file":
        words["why"] = FILE_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if error.code == "bad_calendar":
        why = str(error.data.get("why"))
        words["why"] = CALENDAR_FAULTS.get(why, why).format_map(_Words({"name": "", "notice": ""} | words))
        words["place"] = words.get("place") or "整个文件"
    if error.code == "bad_text":
        words["why"] = TEXT_FAULTS.get(str(error.data.get("why")), str(error.data.get("why")))
    if "faults" in error.data:
        faults = error.data["faults"]
        words["count"] = str(len(faults)) if isinstance(faults, list) else "?"
    return template.format_map(_Words(words)).replace("  ", " ").strip()


def fault_line(place: str, code: str, detail: str = "") -> str:
    """Return one fault of a definition or an organisation as a line."""
    return f"  {place or '（全文）'}：{FAULTS.get(code, code)}{'：' + detail if detail else ''}"


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _word(key: str, value: object, titles: Titles) -> str:  # noqa: C901, PLR0911, PLR0912 - one return a kind of fact
    """Turn one fact of an error into display words."""
    if key in ("verb", "before"):
        return titles.verb(str(value))
    if key == "state":
        return titles.states.get(str(value)) or REQUEST_STATES.get(str(value)) or str(value) or "未登记"
    if key == "clock":
        return titles.clocks.get(str(value), str(value))
    if key == "status":
        return NOTICE_STATES.get(str(value), str(value))
    if key == "field":
        return titles.fields.get(str(value)) or {"command_id": "指令编号"}.get(str(value), str(value))
    if key == "kind":
        return titles.requests.get(str(value)) or {
            "calendar": "工作日历",
            "organisation": "机构人员",
            "definition": "流程定义",
        }.get(str(value), str(value))
    if key.endswith("_at") and isinstance(value, int):
        return moment(value)
    if not isinstance(value, (list, tuple)):
        return "" if value is None else str(value)
    names = [str(one) for one in value]
    if key == "allowed":
        shown = [f"{titles.verbs.get(n) or titles.requests.get(n) or n}" for n in names]
        shown = [f"{title}（{name}）" if title != name else name for title, name in zip(shown, names, strict=True)]
        return "、".join(shown) or "无"
    if key == "clocks":
        return "、".join(f"{titles.clocks.get(name, name)}（{name}）" for name in names) or "无"
    if key in ("fields", "known"):
        return "、".join(titles.fields.get(name, name) for name in names) or "无"
    if key == "roles":
        return "、".join(ROLES.get(name, name) for name in names)
    if key == "desk":
        return f"（在{'、'.join(names)}处）" if names else ""
    if key == "people":
        return f"（{'、'.join(names)}）" if names else ""
    if key == "near":
        return f"，是不是：{'、'.join(names)}" if names else ""
    if key in ("names", "left"):
        return "、".join(addressee(name) for name in names) or "无"
    return "、".join(names) or "无"


def addressee(name: str) -> str:
    """Return who is to be answered, as words: `reporter`, or `reporter@SERIAL` of a merged item."""
    key, _, serial = name.partition("@")
    word = ADDRESSEES.get(key, key)
    return f"{word}（{serial}）" if serial else word


def moment(at: int) -> str:
    """Return an instant as people write it: 2023年5月9日 17:30; a day's very end is the 24:00 of that day."""
    when = civil(at)
    if when.hour == when.minute == when.second == 0:
        before = civil(at - 1)
        return f"{before.year}年{before.month}月{before.day}日 24:00"
    return f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}"


def day(at: int) -> str:
    """Return the day of an instant for a list: 8月31日 周四 (the day that ends, for a 24:00)."""
    when = civil(at - 1)
    return f"{when.month}月{when.day}日 周{WEEKDAYS[when.weekday()]}"
